// Cuts the text of a zone file into entries and words, remembering where each word stands.
#include "bindings/dns/zone_text.h"

namespace perilune {

namespace {

class Lexer {
public:
    Lexer(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    Result<std::vector<ZoneEntry>> split() {
        std::vector<ZoneEntry> entries;
        while (at_ < text_.size()) {
            auto entry = next();
            if (!entry) return entry.error();
            entries.push_back(std::move(*entry));
        }
        return entries;
    }

private:
    Error refuse(const std::string& why) const {
        return fail("bad_zone_file", path_ + ":" + std::to_string(line_) + ": " + why);
    }

    bool blank() const { return text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'; }

    void skip_comment(ZoneEntry& entry, std::size_t begin) {
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        std::size_t end = at_;
        if (end > start && text_[end - 1] == '\r') --end;
        entry.comment = Span{start - begin, end - begin};
    }

    Status read_quoted(ZoneEntry& entry, std::size_t begin) {
        RdataWord word{.text = "", .quoted = true};
        const std::size_t start = at_++;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\n') break;
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) word.text += text_[at_++];
            word.text += text_[at_++];
        }
        if (at_ >= text_.size() || text_[at_] != '"')
            return refuse("a quote is opened here and not closed on this line.");
        ++at_;
        entry.places.push_back({start - begin, at_ - begin});
        entry.words.push_back(std::move(word));
        return Done{};
    }

    void read_word(ZoneEntry& entry, std::size_t begin) {
        RdataWord word;
        const std::size_t start = at_;
        while (at_ < text_.size() && !blank() &&
               std::string_view("\n;()\"").find(text_[at_]) == std::string_view::npos) {
            const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size();
            if (escape && text_[at_ + 1] != '\n') word.text += text_[at_++];
            word.text += text_[at_++];
        }
        entry.places.push_back({start - begin, at_ - begin});
        entry.words.push_back(std::move(word));
    }

    Result<ZoneEntry> next() {
        ZoneEntry entry;
        entry.line = line_;
        const std::size_t begin = at_;
        entry.owner_written = !blank() && text_[at_] != '\n';
        int depth = 0;
        bool ended = false;
        while (at_ < text_.size() && !ended) {
            const char letter = text_[at_];
            if (letter == '\n') {
                ++line_;
                ++at_;
                ended = depth == 0;
            } else if (blank()) {
                ++at_;
            } else if (letter == ';') {
                skip_comment(entry, begin);
            } else if (letter == '(' || letter == ')') {
                depth += letter == '(' ? 1 : -1;
                if (depth < 0) return refuse("a ) closes nothing.");
                entry.grouped = true;
                entry.comment.reset();
                ++at_;
            } else {
                entry.comment.reset();  // A comment amid the words is not the entry's own.
                if (letter != '"') {
                    read_word(entry, begin);
                } else if (const auto read = read_quoted(entry, begin); !read) {
                    return read.error();
                }
            }
        }
        if (depth > 0)
            return fail("bad_zone_file", path_ + ":" + std::to_string(entry.line) +
                                             ": a ( of the record that begins here is not closed.");
        entry.text = std::string(text_.substr(begin, at_ - begin));
        return entry;
    }

    std::string_view text_;
    const std::string& path_;
    std::size_t at_ = 0;
    int line_ = 1;
};

}  // namespace

Result<std::vector<ZoneEntry>> split_entries(std::string_view text, const std::string& path) {
    return Lexer(text, path).split();
}

}  // namespace perilune
