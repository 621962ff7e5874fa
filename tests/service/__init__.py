"""The command, around the real thing: processes, ports, files, HTTP, PostgreSQL."""
