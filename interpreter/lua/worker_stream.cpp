// Both directions of a worker's socket, seen from the host, which never blocks on it.
#include "interpreter/lua/worker_stream.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include "interpreter/base/cbor.h"

namespace perilune {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t read_bytes = 64 * 1024;

}  // namespace

bool WorkerOutput::add(const Value& list) {
    const std::size_t begin = queued_.size();
    queued_.append(length_bytes, '\0');
    append_cbor(queued_, list);
    const std::size_t bytes = queued_.size() - begin - length_bytes;
    if (bytes > frame_bytes_max) {
        queued_.resize(begin);
        return false;
    }
    for (std::size_t i = 0; i < length_bytes; ++i)
        queued_[begin + i] = static_cast<char>(bytes >> (8 * i) & 0xff);
    return true;
}

bool WorkerOutput::write_to(int fd) {
    while (written_ < queued_.size()) {
        const auto count = ::send(fd, queued_.data() + written_, queued_.size() - written_,
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            // What was written is given back once it is the larger part.
            if (written_ > queued_.size() / 2) {
                queued_.erase(0, written_);
                written_ = 0;
            }
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
        written_ += static_cast<std::size_t>(count);
    }
    queued_.clear();
    written_ = 0;
    return true;
}

WorkerInput::Read WorkerInput::read_from(int fd) {
    if (at_ > 0) {
        held_.erase(0, at_);
        at_ = 0;
    }
    std::array<char, read_bytes> piece;
    while (true) {
        const auto count = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? Read::drained : Read::closed;
        if (count == 0) return Read::closed;
        held_.append(piece.data(), static_cast<std::size_t>(count));
        return static_cast<std::size_t>(count) == piece.size() ? Read::more : Read::drained;
    }
}

Result<std::optional<List>> WorkerInput::next() {
    const std::size_t held = held_.size() - at_;
    if (held < length_bytes) return std::optional<List>();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        bytes |= static_cast<std::size_t>(static_cast<unsigned char>(held_[at_ + i])) << (8 * i);
    if (bytes > frame_bytes_max)
        return fail("malformed", "The worker announced a message of " + std::to_string(bytes) +
                                     " bytes; at most " + std::to_string(frame_bytes_max) +
                                     " are allowed.");
    if (held < length_bytes + bytes) return std::optional<List>();
    auto value = from_cbor(std::string_view(held_).substr(at_ + length_bytes, bytes));
    at_ += length_bytes + bytes;
    if (!value.ok() || !value->is_list())
        return fail("malformed", "The worker sent a message that is malformed.");
    return std::optional<List>(std::move(value->as_list()));
}

}  // namespace perilune
