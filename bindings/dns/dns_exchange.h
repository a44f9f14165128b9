// Sockets to a name server, and messages over TCP with their length in front (RFC 1035, 4.2.2).
//
// All of it blocks: for use off the loop. Times are on the boot clock; an error's message is the
// reason alone.
#pragma once

#include <cstdint>
#include <string>

#include "bindings/dns/dns_client.h"
#include "interpreter/base/byte_line.h"
#include "interpreter/base/files.h"

namespace perilune {

std::uint16_t random_message_id();

// A connected, non-blocking socket; `kind` is SOCK_STREAM or SOCK_DGRAM.
Result<Descriptor> connect_to(const NameServer& server, int kind, double until_s);

class TcpLine {
public:
    // Where this fails nothing was sent, and `retry` is `safe`.
    static Result<TcpLine> open(const NameServer& server, double until_s);
    // From here on the message may have arrived whole, and `retry` is `unknown`.
    Status send(const std::string& message, double until_s);
    Result<std::string> receive(double until_s);

private:
    explicit TcpLine(Descriptor socket) : socket_(std::move(socket)) {}
    Result<std::string> receive_exactly(std::size_t count, double until_s);

    Descriptor socket_;
};

}  // namespace perilune
