// Doubles of providers' APIs (tests/services/doubles): small stateful servers that check every
// request against the provider's published document and misbehave as a test tells them.
#pragma once

#include <string>

#include "interpreter/base/value.h"
#include "tests/services/service.h"

namespace perilune::test {

// What a double does to requests that match, instead of serving them well.
struct Fault {
    enum class Kind {
        lose,          // Executes the request and closes the connection without an answer.
        drop,          // Closes it without having executed anything.
        delay,         // Waits `seconds` before it executes.
        answer,        // Answers `status` without having executed anything.
        answer_after,  // Executes, and answers `status` all the same.
    };
    Kind kind = Kind::lose;
    std::string method = {};   // Empty: any.
    std::string path = {};     // A regular expression found somewhere in the path.
    std::string in_body = {};  // One found somewhere in the body.
    int status = 0;
    Value body = {};
    Value headers = {};
    double seconds = 0;
    int times = 1;
    int skip = 0;  // So many matching requests are served well first.
};

// 429 with Retry-After: 0.
Fault throttled(const std::string& method, const std::string& path = "", int times = 1);

// The double of doubles/NAME.py. Its end fails the test where a request was not as described.
class Double {
public:
    explicit Double(const std::string& name);
    ~Double();
    Double(const Double&) = delete;
    Double& operator=(const Double&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    static constexpr const char* token = "token-of-the-test";

    // Whether requests are checked by the provider's document; the double says why not.
    bool checks() const { return checks_; }
    void fault(const Fault& fault) const;
    // A list of { method, path, query, headers, body, status, executed }, in order.
    List requests(const std::string& method = "", const std::string& path = "") const;
    std::size_t count(const std::string& method = "", const std::string& path = "") const;
    // How often the state was changed.
    int changes() const;
    List violations() const;
    Value state() const;
    // Sets fields of the state.
    void set_state(const Value& fields) const;
    // The test itself sends what is not described: nothing of it fails the test.
    void forgive() { forgiven_ = true; }

    // Asks the double itself, below /__double__.
    Value ask(const std::string& method, const std::string& word, const std::string& body) const;

private:
    Service service_;
    int port_ = free_port();
    bool checks_ = false;
    bool forgiven_ = false;
};

// Whether doubles can be started here; says so where not, as has_program does.
bool has_doubles();

}  // namespace perilune::test
