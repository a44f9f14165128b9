// Requests and replies that the tests of the HTTP client are made of.
#pragma once

#include <string>
#include <vector>

#include "tests/support/http_server.h"
#include "tests/support/loop_rig.h"

namespace perilune::test {

using Manner = Reply::Manner;

inline const std::vector<std::string> all_methods = {"GET", "HEAD",  "POST",
                                                     "PUT", "PATCH", "DELETE"};

inline HttpRequest request_to(const std::string& url, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.url = url;
    if (method == "POST" || method == "PUT" || method == "PATCH") {
        request.body = "amount=1";
        request.has_body = true;
    }
    return request;
}

inline Reply reply_of(Manner manner, std::string body = "0123456789") {
    Reply reply;
    reply.manner = manner;
    reply.body = std::move(body);
    return reply;
}

inline std::string code_of(const Result<HttpAnswer>& answer) {
    return answer.ok() ? "answered " + std::to_string(answer->status) : answer.error().code;
}

}  // namespace perilune::test
