// One accepted connection of the test server, plain or TLS, that another thread can end.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace perilune::test {

class Wire {
public:
    Wire(int fd, ssl_ctx_st* tls);  // Owns `fd`; `tls` is null for a plain connection.
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    bool shake_hands();                 // True at once for a plain connection.
    void read_handshake_bytes();        // Takes a few bytes of a handshake from the socket.
    bool read_more(std::string& into);  // False at the end of the connection.
    bool write(std::string_view bytes);
    void close_sending_side();
    void reset();      // The peer sees a reset and not an orderly end.
    void close();      // With TLS an orderly end: close_notify first.
    void interrupt();  // From any thread: reads and writes fail from now on.

private:
    int fd_;
    ssl_st* tls_ = nullptr;
    bool was_reset_ = false;
};

// A context for a server with this identity; freed by free_tls.
ssl_ctx_st* make_tls(const std::string& certificate_pem, const std::string& key_pem);
void free_tls(ssl_ctx_st* context);

}  // namespace perilune::test
