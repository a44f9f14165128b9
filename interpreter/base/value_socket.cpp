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

void ValueSocket::send(const Value& value, Descriptor along) {
    if (!socket_.open()) return;
    const bool waits = !unsent_.empty();
    const std::size_t begin = unsent_.size();
    if (along.open()) unsent_along_.push_back({begin, std::move(along)});
    unsent_.append(sizeof(Length), '\0');
    append_cbor(unsent_, value);
    const auto length = static_cast<Length>(unsent_.size() - begin - sizeof(Length));
    std::memcpy(unsent_.data() + begin, &length, sizeof length);
    if (!waits) flush();
}

Descriptor ValueSocket::take_descriptor() {
    if (received_along_.empty()) return Descriptor();
    Descriptor taken = std::move(received_along_.front());
    received_along_.pop_front();
    return taken;
}

void ValueSocket::flush() {
    while (!unsent_.empty()) {
        const auto sent = send_piece();
        if (sent < 0 && errno == EINTR) continue;
        // That the other side is gone is told by reading.
        if (sent < 0) break;
        const auto count = static_cast<std::size_t>(sent);
        if (!unsent_along_.empty() && unsent_along_.front().at == 0) unsent_along_.pop_front();
        for (auto& along : unsent_along_) along.at -= count;
        unsent_.erase(0, count);
    }
    if (unsent_.empty()) {
        loop_.cancel(std::exchange(writing_, 0));
    } else if (writing_ == 0) {
        writing_ = loop_.watch(socket_.get(), Ready::writable, [this] { flush(); });
    }
}

// Up to the next byte that has a descriptor with it.
ssize_t ValueSocket::send_piece() {
    iovec bytes{unsent_.data(), unsent_.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
    std::size_t next = 0;
    if (!unsent_along_.empty() && unsent_along_.front().at == 0) {
        message.msg_control = room.data();
        message.msg_controllen = room.size();
        cmsghdr* const control = CMSG_FIRSTHDR(&message);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof(int));
        const int given = unsent_along_.front().descriptor.get();
        std::memcpy(CMSG_DATA(control), &given, sizeof given);
        next = 1;
    }
    if (next < unsent_along_.size()) bytes.iov_len = unsent_along_[next].at;
    return ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// The kernel ends a piece where another descriptor comes: there is one at most.
ssize_t ValueSocket::receive(char* bytes, std::size_t count) {
    iovec room{bytes, count};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> along{};
    message.msg_control = along.data();
    message.msg_controllen = along.size();
    const auto got = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const cmsghdr* const control = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        int given = -1;
        std::memcpy(&given, CMSG_DATA(control), sizeof given);
        received_along_.push_back(Descriptor(given));
    }
    return got;
}

void ValueSocket::read() {
    static thread_local std::array<char, 1 << 16> buffer;
    // Bounded, so that one side that floods the other does not starve its loop.
    for (int turn = 0; turn < 16; ++turn) {
        const std::size_t along = received_along_.size();
        const auto got = receive(buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) break;
        if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
        if (!take_values() || got <= 0) return close();
        // A piece with a descriptor ends early although more is there.
        if (static_cast<std::size_t>(got) < buffer.size() && received_along_.size() == along) break;
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
    unsent_along_.clear();
    on_closed_();
}

}  // namespace perilune
