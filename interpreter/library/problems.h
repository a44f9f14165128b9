// Places in files, and the list of everything that is wrong with them, reported all at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// Where something stands: the file as a person knows it ("environments/production.yaml"), and line
// and column counted from 1. Line 0 means the file as a whole.
struct Place {
    std::shared_ptr<const std::string> file;
    int line = 0;
    int column = 0;
};

Place place_of_file(std::string_view file);
// "environments/production.yaml:12:5"
std::string show(const Place& place);

// Collects problems so that one command shows them all. A message is a full sentence that ends with
// what to do; the place is put in front of it.
class Problems {
public:
    explicit Problems(std::string_view code = "bad_file") : code_(code) {}

    void add(const Place& place, std::string_view message);
    void add(std::string_view message);
    // Takes over what another reader found.
    void add(const Error& error);

    bool any() const { return !found_.empty(); }
    std::size_t count() const { return found_.size(); }
    // One error for all: a line each in the message (at most 25), and all of them in `detail` as a
    // list of texts.
    Error error() const;
    const std::vector<std::string>& messages() const { return found_; }

private:
    std::string code_;
    std::vector<std::string> found_;
};

// One problem as an error of code "bad_file".
Error problem_at(const Place& place, std::string_view message);

// Text in quotes for a message: at most 60 bytes, bytes that would disturb a terminal as \xNN.
std::string in_quotes(std::string_view text);
// "a", "b" or "c": for lists of what would have been right. At most `most` are named.
std::string listed(const std::vector<std::string>& names, std::size_t most = 12);
// What stands on disk under `path` as a relative, printable name below `folder`.
std::string shown_path(const std::string& folder, const std::string& path);

}  // namespace perilune
