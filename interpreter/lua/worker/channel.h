// The worker's end of the way to the host: frames are gathered, and handed over at once.
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
    enum class Received {
        frame,
        nothing,    // There is none yet, and it does not block.
        malformed,  // A frame longer than any may be.
    };

    virtual ~Channel() = default;

    // Where frames are built: `begin_frame`, append the body, then `end_frame` or `drop_frame`.
    std::string& out() { return out_; }
    void begin_frame();
    // The bytes of the frame under construction, without its length.
    std::size_t frame_bytes() const { return out_.size() - frame_at_ - length_bytes; }
    // Hands over when much has gathered, as the host always reads.
    void end_frame();
    void drop_frame();

    // Hands over all that has gathered.
    virtual void flush() = 0;
    // Flushes, then takes the next frame; the view holds until the next call.
    virtual Received receive(std::string_view& body) = 0;

protected:
    static constexpr std::size_t length_bytes = 4;
    std::string out_;

private:
    std::size_t frame_at_ = 0;
};

// Over a blocking socket, read ahead. A host that has gone ends the process with 0.
class SocketChannel final : public Channel {
public:
    explicit SocketChannel(int fd) : fd_(fd) {}

    void flush() override;
    // Blocks until there is one.
    Received receive(std::string_view& body) override;

private:
    void read_more();

    int fd_;
    std::string in_;
    std::size_t in_at_ = 0;   // Where what was not yet handed out begins.
    std::size_t in_end_ = 0;  // Where what was read ends; in_ is as long as was ever needed.
};

}  // namespace perilune::worker
