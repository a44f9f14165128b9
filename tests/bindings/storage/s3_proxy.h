// What stands between the driver and a real server: it loses answers, and says things in its place.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/services/s3.h"
#include "tests/support/http_server.h"
#include "tests/support/loop_rig.h"

namespace perilune::test {

struct S3Fault {
    enum class Kind {
        lose,          // The server executes the request; its answer never comes.
        drop,          // The connection ends before the server sees the request.
        answer,        // The server never sees it; this is the answer.
        answer_after,  // The server executes it; this is the answer.
        damage,        // One byte of the answer's body is another.
        damage_up,     // One byte of the request's body is another.
        cut,           // The answer's body ends in its middle.
        hang,          // The server never sees it, and nothing is answered.
    };
    Kind kind = Kind::lose;
    std::string method;
    std::string holds = {};  // Somewhere in the path or the query.
    int status = 200;
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    int times = 1;
    int skip = 0;  // So many matching requests pass first.
};

// "<Error>…" as S3 sends it.
inline std::string s3_error_text(const std::string& code, const std::string& more = "") {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
           "</Code><Message>As the test wants it</Message>" + more + "</Error>";
}

class S3Proxy {
public:
    explicit S3Proxy(const S3Server& behind) : behind_(behind) {
        server_.answer([this](const ServedRequest& request) { return serve(request); });
    }
    S3Proxy(const S3Proxy&) = delete;
    S3Proxy& operator=(const S3Proxy&) = delete;

    std::string url() const { return server_.url(); }
    void fault(S3Fault fault) {
        const std::lock_guard guard(mutex_);
        faults_.push_back(std::move(fault));
    }
    // Requests that came here, by method and something in their path or query.
    std::size_t count(const std::string& method, const std::string& holds = "") const {
        std::size_t found = 0;
        for (const auto& request : server_.requests())
            found += request.method == method && request.target.find(holds) != std::string::npos;
        return found;
    }
    bool all_met() const {
        const std::lock_guard guard(mutex_);
        return faults_.empty();
    }

private:
    std::optional<S3Fault> take_fault(const ServedRequest& request) {
        const std::lock_guard guard(mutex_);
        for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
            if (fault->method != request.method) continue;
            if (request.target.find(fault->holds) == std::string::npos) continue;
            if (fault->skip-- > 0) continue;
            const S3Fault met = *fault;
            if (--fault->times <= 0) faults_.erase(fault);
            return met;
        }
        return std::nullopt;
    }

    Reply forward(const ServedRequest& request) const {
        LoopRig rig;
        HttpRequest sent;
        sent.method = request.method;
        sent.url = behind_.url() + request.target;
        sent.body = request.body;
        sent.has_body = !request.body.empty();
        sent.body_max = 64 << 20;
        for (const auto& [name, value] : request.headers)
            if (name != "content-length" && name != "connection")
                sent.headers.emplace_back(name, value);
        const auto got = rig.send(std::move(sent));
        if (!got) return {.status = 502, .headers = {}, .body = got.error().message};
        Reply reply{.status = got->status, .headers = {}, .body = got->body};
        for (const auto& [name, value] : got->headers)
            if (name != "content-length" && name != "connection" && name != "transfer-encoding")
                reply.headers.emplace_back(name, value);
        // An answer to HEAD states a length and has no body.
        const auto length = got->headers.find("content-length");
        if (request.method == "HEAD" && length != got->headers.end())
            reply.body.assign(std::stoul(length->second), ' ');
        return reply;
    }

    Reply serve(const ServedRequest& request) {
        using Kind = S3Fault::Kind;
        const auto fault = take_fault(request);
        if (!fault) return forward(request);
        Reply said{.status = fault->status, .headers = fault->headers, .body = fault->body};
        if (fault->kind == Kind::answer) return said;
        if (fault->kind == Kind::drop || fault->kind == Kind::hang) {
            said.manner = fault->kind == Kind::drop ? Reply::Manner::drop : Reply::Manner::never;
            return said;
        }
        ServedRequest passed = request;
        if (fault->kind == Kind::damage_up) passed.body[passed.body.size() / 2] ^= 1;
        Reply real = forward(passed);
        if (fault->kind == Kind::answer_after) return said;
        if (fault->kind == Kind::lose) real.manner = Reply::Manner::drop;
        if (fault->kind == Kind::cut) real.manner = Reply::Manner::cut_body;
        if (fault->kind == Kind::damage && !real.body.empty()) real.body[real.body.size() / 2] ^= 1;
        return real;
    }

    const S3Server& behind_;
    mutable std::mutex mutex_;
    std::vector<S3Fault> faults_;
    HttpServer server_;
};

}  // namespace perilune::test
