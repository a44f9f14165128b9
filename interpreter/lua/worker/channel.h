// The worker's end of the socket to the host: frames are gathered, written at once, read ahead.
#pragma once

#include <string>
#include <string_view>

namespace perilune::worker {

// The exit statuses by which the host tells how a worker ended.
constexpr int exit_done = 0;
constexpr int exit_memory_limit = 97;
constexpr int exit_failed = 98;

class Channel {
public:
    explicit Channel(int fd) : fd_(fd) {}

    // Where frames are built: `begin_frame`, append the body, then `end_frame` or `drop_frame`.
    std::string& out() { return out_; }
    void begin_frame();
    // The bytes of the frame under construction, without its length.
    std::size_t frame_bytes() const { return out_.size() - frame_at_ - length_bytes; }
    // Writes out when much has gathered, as the host always reads.
    void end_frame();
    void drop_frame();

    // Writes all that has gathered; blocks. A host that has gone ends the process with 0.
    void flush();
    // Flushes, then blocks for the next frame; the view holds until the next call. False where the
    // host sent a frame longer than any may be.
    bool receive(std::string_view& body);

private:
    static constexpr std::size_t length_bytes = 4;
    void read_more();

    int fd_;
    std::string out_;
    std::size_t frame_at_ = 0;
    std::string in_;
    std::size_t in_at_ = 0;   // Where what was not yet handed out begins.
    std::size_t in_end_ = 0;  // Where what was read ends; in_ is as long as was ever needed.
};

}  // namespace perilune::worker
