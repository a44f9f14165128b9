// A small HTTP(S) server for tests that counts what it receives and misbehaves as it is told.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/certificates.h"

namespace perilune::test {

// One request as it was read from the wire.
struct ServedRequest {
    std::string method;
    std::string target;                          // "/path?query"
    std::map<std::string, std::string> headers;  // Lower-case names.
    std::string body;
    std::string raw_head;  // The request line and headers, byte for byte.
    int connection = 0;    // Counted from 1 in the order in which they were accepted.
};

// What the server does once it has read a request.
struct Reply {
    enum class Manner {
        whole,
        drop,            // Closes without a byte of answer.
        reset,           // Resets the connection without a byte of answer.
        never,           // Keeps the connection open and says nothing.
        cut_headers,     // Sends half of the headers and closes.
        interim,         // Sends an interim answer (103) alone and closes.
        cut_body,        // Announces the whole body, sends half of it and closes.
        half_close,      // Sends half of the body, closes its sending side, and stays.
        dribble,         // Sends the headers, then one byte of the body every `dribble_s`.
        garbage,         // Sends bytes that are not HTTP and closes.
        close_silently,  // Answers whole and closes, without having said so.
    };
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    Manner manner = Manner::whole;
    double delay_s = 0;  // Waits so long before the first byte.
    double dribble_s = 1;
    bool close = false;  // Says "Connection: close" and does so.
};

// What happens to a connection before a request is read from it.
enum class Meeting {
    serve,
    drop,               // Accepts and closes at once.
    stall,              // Accepts and reads nothing: with TLS a stalled handshake.
    drop_in_handshake,  // Reads the first bytes of the TLS handshake and closes.
};

class HttpServer {
public:
    HttpServer();                                            // http
    explicit HttpServer(const IssuedCertificate& identity);  // https
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    int port() const;
    std::string url(const std::string& host = "127.0.0.1") const;  // "http://127.0.0.1:40123"

    // Decides every reply; called from the server's threads.
    void answer(std::function<Reply(const ServedRequest&)> handler);
    void reply(Reply always);                  // The same for every request.
    void replies(std::vector<Reply> in_turn);  // One after another; the last one stays.
    void meet(Meeting meeting);

    std::vector<ServedRequest> requests() const;
    std::size_t count() const;  // Requests received.
    std::size_t count(const std::string& method) const;
    std::size_t connections() const;  // Connections accepted.
    // Waits until that many requests were received; false where they did not come within 10 s.
    bool wait_for_requests(std::size_t count) const;

private:
    struct Hidden;
    std::unique_ptr<Hidden> hidden_;
};

// A port of 127.0.0.1 on which nothing listens.
int unused_port();

}  // namespace perilune::test
