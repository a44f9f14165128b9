// Values over a socket, both ways, without ever blocking the loop: each a length and its CBOR.
#pragma once

#include <functional>
#include <string>

#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/value.h"

namespace perilune {

class ValueSocket {
public:
    // Calls back on the loop with each value, and once when the other side is gone or is no
    // ValueSocket. A callback may not destroy the ValueSocket.
    ValueSocket(Loop& loop, Descriptor socket, std::function<void(const Value& value)> on_value,
                std::function<void()> on_closed);
    ~ValueSocket();
    ValueSocket(const ValueSocket&) = delete;
    ValueSocket& operator=(const ValueSocket&) = delete;

    // What does not fit into the socket now follows when it does.
    void send(const Value& value);
    // Whether everything has left that was to be sent.
    bool sent() const { return unsent_.empty(); }

private:
    void read();
    bool take_values();
    void flush();
    void close();

    Loop& loop_;
    Descriptor socket_;
    std::function<void(const Value& value)> on_value_;
    std::function<void()> on_closed_;
    std::string received_;
    std::string unsent_;
    Loop::Id reading_ = 0;
    Loop::Id writing_ = 0;
};

}  // namespace perilune
