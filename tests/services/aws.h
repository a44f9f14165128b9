// AWS for tests: moto behind doubles/aws.py. One process serves all tests of a program, emptied for
// each. A request's path is "/SERVICE/OPERATION" in faults and in what was asked.
#pragma once

#include "tests/services/double.h"

namespace perilune::test {

// The Python with moto and boto3: PERILUNE_PYTHON, else that of the checkout's .build/python.
std::string aws_python();
// Whether it is there; says so where not, as has_program does.
bool has_aws();

class Aws {
public:
    Aws();
    ~Aws();  // Fails the test where a request was not as AWS describes it.
    Aws(const Aws&) = delete;
    Aws& operator=(const Aws&) = delete;

    Double& operator*() const { return double_; }
    Double* operator->() const { return &double_; }
    // What boto3's client of a service gives: boto("ssm", "get_parameter", { Name }). Throws what
    // it raises.
    Value boto(const std::string& service, const std::string& operation,
               const Value& parameters = Value(Map{})) const;

    static constexpr const char* region = "eu-west-1";
    static constexpr const char* key_id = "AKIDOFTHETEST0000000";
    static constexpr const char* key = "key-of-the-test";
    static constexpr const char* token = "session-of-the-test";
    // The setting `credentials` with handles to the secrets ID, KEY and TOKEN.
    static Value credentials();

private:
    Double& double_;
};

// What AWS answers when there were too many requests.
Fault aws_throttled(const std::string& path, int times = 1);

}  // namespace perilune::test
