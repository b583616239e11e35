-- Sends one visitor message per request, each with a text of its own of 62 bytes.
-- Arguments: a file with "token rid" lines (requests take turns through them), and a word of four letters that keeps
-- the texts of different runs apart.

local heads, count, n, tag = {}, 0, 0, ""
local format = string.format

-- In letters: nine digits would be taken for a telephone number and kept with the visitor, and few messages hold one.
local letters = { ["0"] = "a", ["1"] = "b", ["2"] = "c", ["3"] = "d", ["4"] = "e",
                  ["5"] = "f", ["6"] = "g", ["7"] = "h", ["8"] = "i", ["9"] = "j" }

local function text(number)
  return tag .. " " .. format("%09d", number):gsub("%d", letters)
    .. " my parcel has not come, could you have a look?!"
end

function init(args)
  tag = args[2]
  assert(#text(0) == 62, "the text has " .. #text(0) .. " bytes, not 62")
  for line in io.lines(args[1]) do
    local token, rid = line:match("^(%S+) (%S+)$")
    local start = '{"token":"' .. token .. '","rid":"' .. rid .. '","msg":"'
    count = count + 1
    heads[count] = "POST /api/v1/livechat/message HTTP/1.1\r\nHost: 127.0.0.1\r\n"
      .. "Content-Type: application/json\r\nContent-Length: " .. (#start + 62 + 2) .. "\r\n\r\n" .. start
  end
  assert(count > 0, "no rooms in " .. args[1])
end

function request()
  n = n + 1
  return heads[n % count + 1] .. text(n) .. '"}'
end
