// What every driver of the http family must do, whatever stands behind it.
#pragma once

#include <functional>
#include <memory>

#include "tests/support/driver_rig.h"
#include "tests/support/http_server.h"

namespace perilune::test {

// A driver under test and the service it asks: a server of sockets, or a simulated one.
struct HttpSubject {
    std::shared_ptr<DriverRig> rig;
    std::function<void(Reply)> reply;    // Answers every request so from now on.
    std::function<std::size_t()> count;  // Requests that the service received.
    std::shared_ptr<void> service;
};

// Every function of the suite makes a subject of its own.
void check_http_conformance(const std::function<HttpSubject()>& make);

}  // namespace perilune::test
