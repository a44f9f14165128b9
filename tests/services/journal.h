// A systemd-journald of the test's own, in a namespace, whose units are whoever says so: it takes
// that from root, as it takes it from systemd. Its files and sockets go with it.
#pragma once

#include <string>

#include "tests/services/service.h"

namespace perilune::test {

// Only root may have one, where its container lets it.
bool has_journal();

class Journal {
public:
    Journal();
    ~Journal();

    const std::string& name() const { return name_; }
    // What a unit's standard output and errors are to be connected to.
    std::string socket() const { return "/run/systemd/journal." + name_ + "/stdout"; }

private:
    std::string name_;
    Service service_;
};

}  // namespace perilune::test
