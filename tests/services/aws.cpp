#include "tests/services/aws.h"

#include <cstdlib>
#include <stdexcept>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"

namespace perilune::test {

namespace {

// Lives until the program ends, and its process with it.
Double& process() {
    static Double* const only = new Double("aws");
    return *only;
}

}  // namespace

std::string aws_python() {
    const char* given = std::getenv("PERILUNE_PYTHON");
    const char* source = std::getenv("PERILUNE_SOURCE");
    if (given) return given;
    return std::string(source ? source : ".") + "/.build/python/bin/python";
}

bool has_aws() { return has_program(aws_python()); }

Aws::Aws() : double_(process()) { double_.ask("POST", "reset", "{}"); }

Aws::~Aws() {
    try {
        for (const auto& violation : double_.violations()) FAIL_CHECK(violation.text());
    } catch (const std::exception& failure) {
        FAIL_CHECK(failure.what());
    }
}

Value Aws::boto(const std::string& service, const std::string& operation,
                const Value& parameters) const {
    Value asked;
    asked.set("service", service).set("operation", operation).set("region", region);
    asked.set("parameters", parameters);
    Value told = double_.ask("POST", "boto", to_json(asked));
    if (told.has("failure")) throw std::runtime_error("boto3: " + told["failure"].text());
    return told;
}

Value Aws::credentials() {
    Value made;
    made.set("access_key_id", make_secret("ID")).set("secret_access_key", make_secret("KEY"));
    return made.set("session_token", make_secret("TOKEN"));
}

Fault aws_throttled(const std::string& path, int times) {
    return {.kind = Fault::Kind::answer,
            .path = path,
            .status = 400,
            .body = Value().set("__type", "ThrottlingException").set("message", "Rate exceeded"),
            .times = times};
}

}  // namespace perilune::test
