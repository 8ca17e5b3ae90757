-- Sends the requests of a file, whole and in turn, and tells every latency. The file has before
-- each request its length and a line's end.

local requests, count, at = {}, 0, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local length = file:read("*n")
  while length do
    file:read(1)
    count = count + 1
    requests[count] = file:read(length)
    length = file:read("*n")
  end
  file:close()
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local head = '{"requests":%d,"microseconds":%d,'
    .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d},"latencies":['
  io.write("\n", string.format(head, summary.requests, summary.duration,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
  for index = 1, #latency do
    local microseconds, times = latency(index)
    io.write(index > 1 and "," or "", string.format("[%d,%d]", microseconds, times))
  end
  io.write("]}\n")
end
