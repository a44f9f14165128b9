-- A worker's loop: takes the host's messages in order, and says when it has worked one to
-- quiescence.

-- `finish`, where given, works what a message has begun. A module's text only arrives: the host
-- waits for no word about it.
return function(wire, handlers, finish)
  wire.send { "hello", 1, 1 }
  local handled = 0
  while true do
    local message = wire.receive()
    local handler = handlers[message[1]]
    if not handler then error("The host sent an unknown message.") end
    handler(unpack(message, 1, table.maxn(message)))
    if finish then finish() end
    if message[1] ~= "module" then
      handled = handled + 1
      wire.send { "quiet", handled }
    end
  end
end
