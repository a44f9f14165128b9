// Redis's protocol (RESP2): commands as lists of words, replies as values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/byte_line.h"

namespace perilune {

struct RespReply {
    enum class Kind { text, number, list, nothing, error };
    Kind kind = Kind::nothing;
    std::string text;  // Of a text, or an error: "WRONGTYPE Operation against …".
    std::int64_t number = 0;
    std::vector<RespReply> list;
};

class RespLine {
public:
    explicit RespLine(std::unique_ptr<ByteLine> line) : line_(std::move(line)) {}

    // Sends one command and reads its reply. An error of the server's is a reply; a lost answer is
    // an error whose `retry` is `unknown`.
    Result<RespReply> ask(const std::vector<std::string>& words, double until_s);

private:
    Result<RespReply> read_reply(double until_s, int depth);
    Result<std::string> read_line(double until_s);
    Result<std::string> read_bytes(std::size_t count, double until_s);
    Status read_more(double until_s);

    std::unique_ptr<ByteLine> line_;
    std::string held_;
    std::size_t at_ = 0;
};

}  // namespace perilune
