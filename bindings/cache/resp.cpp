// RESP2 as Redis's "protocol specification" page describes it.
#include "bindings/cache/resp.h"

#include <charconv>

namespace perilune {

namespace {

constexpr int depth_max = 8;
constexpr std::int64_t bytes_max = 512 << 20;  // Redis's own limit of a text.

Error malformed() {
    return fail("bad_answer", "What the server answers is not Redis's protocol.", Retry::unknown);
}

Result<std::int64_t> number_of(const std::string& text) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return malformed();
    return number;
}

}  // namespace

Result<RespReply> RespLine::ask(const std::vector<std::string>& words, double until_s) {
    std::string command = "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words)
        command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    if (const auto sent = line_->write(command, until_s); !sent) return sent.error();
    return read_reply(until_s, depth_max);
}

Status RespLine::read_more(double until_s) {
    held_.erase(0, at_);
    at_ = 0;
    auto more = line_->read_some(until_s);
    if (!more) return more.error();
    held_ += *more;
    return Done{};
}

Result<std::string> RespLine::read_line(double until_s) {
    for (;;) {
        const auto end = held_.find("\r\n", at_);
        if (end != std::string::npos) {
            std::string line = held_.substr(at_, end - at_);
            at_ = end + 2;
            return line;
        }
        if (const auto read = read_more(until_s); !read) return read.error();
    }
}

Result<std::string> RespLine::read_bytes(std::size_t count, double until_s) {
    while (held_.size() - at_ < count + 2)
        if (const auto read = read_more(until_s); !read) return read.error();
    std::string bytes = held_.substr(at_, count);
    if (held_.compare(at_ + count, 2, "\r\n") != 0) return malformed();
    at_ += count + 2;
    return bytes;
}

Result<RespReply> RespLine::read_reply(double until_s, int depth) {
    auto line = read_line(until_s);
    if (!line) return line.error();
    if (line->empty() || depth == 0) return malformed();
    const char sign = line->front();
    RespReply reply;
    reply.text = line->substr(1);
    if (sign == '+' || sign == '-') {
        reply.kind = sign == '+' ? RespReply::Kind::text : RespReply::Kind::error;
        return reply;
    }
    const auto number = number_of(reply.text);
    if (!number) return number.error();
    reply.text.clear();
    if (sign == ':') {
        reply.kind = RespReply::Kind::number;
        reply.number = *number;
        return reply;
    }
    if (sign != '$' && sign != '*') return malformed();
    if (*number < 0) return reply;
    if (*number > bytes_max) return malformed();
    if (sign == '$') {
        auto bytes = read_bytes(static_cast<std::size_t>(*number), until_s);
        if (!bytes) return bytes.error();
        reply.kind = RespReply::Kind::text;
        reply.text = std::move(*bytes);
        return reply;
    }
    reply.kind = RespReply::Kind::list;
    for (std::int64_t i = 0; i < *number; ++i) {
        auto one = read_reply(until_s, depth - 1);
        if (!one) return one;
        reply.list.push_back(std::move(*one));
    }
    return reply;
}

}  // namespace perilune
