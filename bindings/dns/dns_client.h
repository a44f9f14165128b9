// Asks one name server: UDP, again where nothing comes, TCP where the answer was cut.
#pragma once

#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "bindings/dns/dns_codec.h"

namespace perilune {

struct NameServer {
    std::string shown;  // "192.0.2.1:53", "[2001:db8::1]:53"
    sockaddr_storage address{};
    socklen_t length = 0;
};

// Reads "address", "address:port", "[address]:port", "host" or "host:port". A host name is resolved
// by the system, and may block.
Result<NameServer> find_server(const std::string& text);

// The name servers of a resolv.conf; the local host's where it names none (resolv.conf(5)).
std::vector<NameServer> system_resolvers(const std::string& path = "/etc/resolv.conf");

// Asks and waits for the reply until `deadline_s` on the boot clock, at most some 5 s. Blocks: for
// use off the loop.
Result<DnsReply> ask(const NameServer& server, const std::string& name, const std::string& type,
                     double deadline_s);

}  // namespace perilune
