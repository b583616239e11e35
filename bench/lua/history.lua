-- Asks for the newest 50 messages, taking turns through the rooms of a file with "token rid" lines.

local requests, count, n = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local token, rid = line:match("^(%S+) (%S+)$")
    count = count + 1
    requests[count] = "GET /api/v1/livechat/messages.history/" .. rid .. "?token=" .. token
      .. "&limit=50 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
  end
  assert(count > 0, "no rooms in " .. args[1])
end

function request()
  n = n + 1
  return requests[n % count + 1]
end
