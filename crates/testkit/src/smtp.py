"""Runs aiosmtpd on a free port, prints the port, then stores each mail as a file and prints its name.

Ends when standard input closes, so that it never outlives the test that started it.
"""

import asyncio
import os
import sys

from aiosmtpd.smtp import SMTP


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = f"{self.count:08}"
        partial = os.path.join(self.folder, name + ".part")
        with open(partial, "wb") as file:
            file.write(envelope.original_content)
        os.rename(partial, os.path.join(self.folder, name + ".eml"))
        print(name, flush=True)
        return "250 stored"


async def main(folder):
    loop = asyncio.get_running_loop()
    store = Store(folder)
    server = await loop.create_server(lambda: SMTP(store, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(sys.argv[1]))
