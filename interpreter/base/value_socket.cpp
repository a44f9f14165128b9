#include "interpreter/base/value_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "interpreter/base/cbor.h"

namespace perilune {

namespace {

using Length = std::uint32_t;  // Both sides are on one machine.

}  // namespace

ValueSocket::ValueSocket(Loop& loop, Descriptor socket,
                         std::function<void(const Value& value)> on_value,
                         std::function<void()> on_closed)
    : loop_(loop),
      socket_(std::move(socket)),
      on_value_(std::move(on_value)),
      on_closed_(std::move(on_closed)),
      reading_(loop_.watch(socket_.get(), Ready::readable, [this] { read(); })) {}

ValueSocket::~ValueSocket() {
    loop_.cancel(reading_);
    loop_.cancel(writing_);
}

void ValueSocket::send(const Value& value) {
    if (!socket_.open()) return;
    const bool waits = !unsent_.empty();
    const std::size_t begin = unsent_.size();
    unsent_.append(sizeof(Length), '\0');
    append_cbor(unsent_, value);
    const auto length = static_cast<Length>(unsent_.size() - begin - sizeof(Length));
    std::memcpy(unsent_.data() + begin, &length, sizeof length);
    if (!waits) flush();
}

void ValueSocket::flush() {
    std::size_t count = 0;
    while (count < unsent_.size()) {
        const auto sent = ::send(socket_.get(), unsent_.data() + count, unsent_.size() - count,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        // That the other side is gone is told by reading.
        if (sent < 0) break;
        count += static_cast<std::size_t>(sent);
    }
    unsent_.erase(0, count);
    if (unsent_.empty()) {
        loop_.cancel(std::exchange(writing_, 0));
    } else if (writing_ == 0) {
        writing_ = loop_.watch(socket_.get(), Ready::writable, [this] { flush(); });
    }
}

void ValueSocket::read() {
    static thread_local std::array<char, 1 << 16> buffer;
    // Bounded, so that one side that floods the other does not starve its loop.
    for (int turn = 0; turn < 16; ++turn) {
        const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) break;
        if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
        if (!take_values() || got <= 0) return close();
        if (static_cast<std::size_t>(got) < buffer.size()) break;
    }
}

// False where what was received is no value.
bool ValueSocket::take_values() {
    std::size_t at = 0;
    Length length = 0;
    while (received_.size() - at >= sizeof length) {
        std::memcpy(&length, received_.data() + at, sizeof length);
        if (received_.size() - at - sizeof length < length) break;
        const auto value =
            from_cbor(std::string_view(received_).substr(at + sizeof length, length));
        if (!value) return false;
        at += sizeof length + length;
        on_value_(*value);
    }
    received_.erase(0, at);
    return true;
}

void ValueSocket::close() {
    loop_.cancel(std::exchange(reading_, 0));
    loop_.cancel(std::exchange(writing_, 0));
    socket_.close();
    unsent_.clear();
    on_closed_();
}

}  // namespace perilune
