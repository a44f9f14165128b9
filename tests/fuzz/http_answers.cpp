// The bytes that a server sends back: the first line says how the request is made, all else is what
// comes over the connection. What the host makes of it must be honest about what was sent.
#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interpreter/base/http_url.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/base/json.h"
#include "interpreter/driver/driver_request.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

constexpr std::size_t body_max = 512;
constexpr double wait_most_s = 60;

// A server for one exchange, on the client's own loop.
class Server {
public:
    Server(Loop& loop, std::string_view bytes) : loop_(loop), bytes_(bytes) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof place;
        auto* const address = reinterpret_cast<sockaddr*>(&place);
        require(::bind(listener_, address, length) == 0 && ::listen(listener_, 1) == 0 &&
                    ::getsockname(listener_, address, &length) == 0,
                "A server can be had.");
        port_ = ::ntohs(place.sin_port);
        watch_ = loop_.watch(listener_, Ready::readable, [this] { accept(); });
    }
    ~Server() {
        loop_.cancel(watch_);
        if (peer_ >= 0) ::close(peer_);
        ::close(listener_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/a"; }
    bool asked() const { return asked_; }

private:
    void accept() {
        loop_.cancel(watch_);
        peer_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        watch_ = loop_.watch(peer_, Ready::readable, [this] { answer(); });
    }

    void answer() {
        std::array<char, 4096> request{};
        loop_.cancel(watch_);
        asked_ = ::recv(peer_, request.data(), request.size(), 0) > 0;
        ::send(peer_, bytes_.data(), bytes_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        // A reset would race the answer.
        ::shutdown(peer_, SHUT_WR);
    }

    Loop& loop_;
    std::string_view bytes_;
    int listener_ = -1;
    int peer_ = -1;
    Loop::Id watch_ = 0;
    std::uint16_t port_ = 0;
    bool asked_ = false;
};

void check_error(const Error& error, bool asked) {
    constexpr std::array<std::string_view, 6> codes = {
        "timed_out", "connection_lost", "bad_answer", "cancelled", "body_too_large", "bad_header"};
    require(std::ranges::find(codes, error.code) != codes.end(), "An error has a known code.",
            error.code);
    require(!asked || error.retry != Retry::safe,
            "What a server may have executed is not called unsent.", error.message);
    require(error.message.find("/a") == std::string::npos || error.message.size() > 2,
            "An error has a message.");
}

void check_answer(const HttpAnswer& answer, bool reads) {
    require(answer.status >= 100 && answer.status <= 999, "A status has three digits.",
            std::to_string(answer.status));
    require(answer.body.size() <= body_max, "An answer is no longer than was allowed.");
    for (const auto& [name, value] : answer.headers) {
        const bool upper = std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
        require(!upper && name.find_first_of(":\r\n") == std::string::npos,
                "A header's name is one lower-case word.", name);
        require(value.find_first_of("\r\n") == std::string::npos, "A header is one line.", value);
    }
    if (const auto wait_s = told_to_wait(answer, wait_most_s))
        require(*wait_s >= 0 && *wait_s <= wait_most_s, "A server cannot make us wait for ever.");
    const Value told = answer_value(answer);
    const auto again = from_canonical_json(to_canonical_json(told));
    require(again.ok() && *again == told, "An answer is read as it was written.");
    Call call;
    call.target = "dns/site";
    call.operation = "upsert";
    DriverRequest request;
    request.reads = reads;
    request.http.url = "http://inside.example/a";
    const Error refused = refusal_of(call, request, answer);
    require(is_utf8(refused.message) || !is_utf8(answer.body), "A refusal can be shown.");
    // A 503 that says when to come again was not executed.
    if (reads || !leaves_doubt(answer.status) || told_to_wait(answer, wait_most_s)) return;
    require(refused.retry != Retry::safe && failed_outcome(refused).kind == Outcome::Kind::unknown,
            "A doubt stays a doubt.", refused.message);
}

// True where there was an answer.
bool exchange(std::string_view text) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view method = text.substr(0, end);
    const double most_s = retry_after_s(std::string(method), 1e9, wait_most_s);
    require(most_s == -1 || (most_s >= 0 && most_s <= wait_most_s), "A wait is bounded.");

    const auto loop = Loop::make();
    const auto client = HttpClient::make(*loop);
    Server server(*loop, text.substr(std::min(end + 1, text.size())));
    HttpRequest request;
    request.method = method == "GET" || method == "HEAD" ? std::string(method) : "POST";
    request.url = server.url();
    request.body_max = body_max;
    request.deadline_s = boot_now_s() + 2;
    request.has_body = request.method == "POST";
    request.body = request.has_body ? "x" : "";
    const bool reads = !request.has_body;
    bool answered = false;
    start_task(client->send(std::move(request), std::make_shared<Cancel>()),
               [&](const Result<HttpAnswer>& answer) {
                   answered = answer.ok();
                   if (answer) check_answer(*answer, reads);
                   if (!answer) check_error(answer.error(), server.asked());
                   loop->stop();
               });
    loop->run();
    return answered;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // Else no answer at all would be looked at, and nobody would see that.
    static const bool answers = exchange("GET\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    require(answers, "A plain answer is one.");
    exchange(text_of(data, std::min<std::size_t>(size, 4096)));
    return 0;
}

}  // namespace perilune::fuzz
