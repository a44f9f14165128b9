// Frames: a length of four bytes, little-endian, then the body. Over a blocking socket.
#include "interpreter/lua/worker/channel.h"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <unistd.h>

#include "interpreter/lua/worker/cbor.h"

namespace perilune::worker {

namespace {

constexpr std::size_t flush_above_bytes = 64 * 1024;
constexpr std::size_t gathered_bytes = 8 * 1024;  // Before it is told though more is to be worked.
constexpr std::size_t read_bytes_min = 64 * 1024;
constexpr std::size_t kept_bytes_max = 1024 * 1024;  // A rare large frame does not stay allocated.

}  // namespace

void Channel::begin_frame() {
    frame_at_ = out_.size();
    out_.append(length_bytes, '\0');
}

void Channel::end_frame() {
    const std::size_t bytes = frame_bytes();
    for (std::size_t i = 0; i < length_bytes; ++i)
        out_[frame_at_ + i] = static_cast<char>(bytes >> (8 * i) & 0xff);
    if (out_.size() > flush_above_bytes) flush();
}

void Channel::drop_frame() { out_.resize(frame_at_); }

void SocketChannel::flush() {
    std::size_t written = 0;
    while (written < out_.size()) {
        const auto count = ::write(fd_, out_.data() + written, out_.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) ::_exit(errno == EPIPE ? exit_done : exit_failed);
        written += static_cast<std::size_t>(count);
    }
    out_.clear();
    if (out_.capacity() > kept_bytes_max) out_.shrink_to_fit();
}

void SocketChannel::read_more() {
    if (in_.size() - in_end_ < read_bytes_min) in_.resize(in_end_ + read_bytes_min);
    while (true) {
        const auto count = ::read(fd_, in_.data() + in_end_, in_.size() - in_end_);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) ::_exit(exit_done);
        in_end_ += static_cast<std::size_t>(count);
        return;
    }
}

Channel::Received SocketChannel::receive(std::string_view& body) {
    if (out_.size() > gathered_bytes) flush();
    if (in_at_ == in_end_) {
        in_at_ = in_end_ = 0;
        if (in_.size() > kept_bytes_max) {
            in_.clear();
            in_.shrink_to_fit();
        }
    }
    while (true) {
        const std::size_t held = in_end_ - in_at_;
        std::size_t needed = length_bytes;
        if (held >= length_bytes) {
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < length_bytes; ++i)
                bytes |= static_cast<std::size_t>(static_cast<unsigned char>(in_[in_at_ + i]))
                         << (8 * i);
            if (bytes > frame_bytes_max) return Received::malformed;
            needed += bytes;
            if (held >= needed) {
                body = std::string_view(in_).substr(in_at_ + length_bytes, bytes);
                in_at_ += needed;
                return Received::frame;
            }
        }
        // What is not yet whole moves to the front, at most once a frame.
        if (in_at_ > 0) {
            std::memmove(in_.data(), in_.data() + in_at_, held);
            in_at_ = 0;
            in_end_ = held;
        }
        if (in_.size() < needed) in_.resize(needed);
        // What the host has sent already is worked before it is answered: a write wakes the host,
        // and takes longer than working most messages.
        flush();
        read_more();
    }
}

}  // namespace perilune::worker
