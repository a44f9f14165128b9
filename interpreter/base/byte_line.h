// One connection to a server, with TLS where it is wanted, for protocols that are lines of bytes.
//
// It blocks: for use off the loop. Times are on the boot clock.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// Whether the descriptor became ready for `events` (POLLIN, POLLOUT) in time.
bool wait_ready(int fd, short events, double until_s);

struct LineAddress {
    std::string host;
    std::string port;
    bool tls = false;
    std::string certificate_authority;  // Path of a PEM file; empty: the system's.
};

class ByteLine {
public:
    // Connects, and checks the certificate against the host's name. Codes: name_not_found, refused,
    // unreachable, timed_out, tls_failed; `retry` is `safe`, but for a certificate, `never`.
    static Result<std::unique_ptr<ByteLine>> open(const LineAddress& address, double until_s);
    virtual ~ByteLine() = default;

    // Errors are `connection_lost` and `timed_out`; `retry` is `unknown`.
    virtual Status write(std::string_view bytes, double until_s) = 0;
    // At least one byte.
    virtual Result<std::string> read_some(double until_s) = 0;
};

}  // namespace perilune
