"""into_journal.py SOCKET UNIT PROGRAM...: executes it as systemd would, writing to a journal."""
import os
import socket
import sys

stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
stream.connect(sys.argv[1])
# Identifier, unit, priority, and four switches (systemd's journald-stream.c).
stream.sendall(f"app\n{sys.argv[2]}\n6\n0\n0\n0\n0\n".encode())
os.dup2(stream.fileno(), 1)
os.dup2(stream.fileno(), 2)
os.execv(sys.argv[3], sys.argv[3:])
