// The one file that uses yaml-cpp: its events are turned into our own tree and checked on the way.
#include "interpreter/library/yaml.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "interpreter/library/source_text.h"
#include "interpreter/library/yaml_scalars.h"

namespace perilune {

namespace {

constexpr std::size_t depth_max = 30;
constexpr std::size_t nodes_max = 20000;
constexpr std::size_t text_bytes_max = 4 << 20;

// Thrown through the parser, which has no other way to be stopped early.
struct Refused {
    Place place;
    std::string message;
};

// What a node and everything in it adds up to; what an alias would add again.
struct Weight {
    std::size_t nodes = 1;
    std::size_t bytes = 0;
    std::size_t depth = 1;
};

Weight weigh(const YamlNode& node) {
    Weight total = {.nodes = 1, .bytes = node.text.size(), .depth = 1};
    const auto add = [&](const YamlNode& inner) {
        const Weight weight = weigh(inner);
        total.nodes += weight.nodes;
        total.bytes += weight.bytes;
        total.depth = std::max(total.depth, weight.depth + 1);
    };
    for (const auto& inner : node.list) add(inner);
    for (const auto& entry : node.entries) {
        total.bytes += entry.key.size();
        add(entry.value);
    }
    return total;
}

// Builds the tree from the parser's events.
class Builder : public YAML::EventHandler {
public:
    Builder(std::string_view text, const Place& file) : text_(text), file_(file) {
        for (std::size_t at = 0; at < text.size(); ++at)
            if (text[at] == '\n') lines_.push_back(at + 1);
    }

    YamlNode take() { return std::move(root_); }

    Place place(const YAML::Mark& mark) const {
        const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
        const auto bytes = static_cast<std::size_t>(std::max(mark.column, 0));
        const std::size_t start = line < lines_.size() ? lines_[line] : text_.size();
        if (line != last_.line || bytes < last_.bytes) last_ = {.line = line};
        // yaml-cpp counts bytes; a person and an editor count characters. Counting goes on from the
        // last place, or a file of one long line would take minutes.
        const std::size_t from = std::min(start + last_.bytes, text_.size());
        for (const char c : text_.substr(from, bytes - last_.bytes))
            last_.column += (c & 0xc0) != 0x80;
        last_.bytes = bytes;
        return {.file = file_.file, .line = static_cast<int>(line) + 1, .column = last_.column};
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1)
            throw Refused{place(mark),
                          "Something follows after the end of the document. A file "
                          "holds one document: remove it or move it to its own file."};
    }
    void OnDocumentEnd() override {}
    void OnAnchor(const YAML::Mark&, const std::string&) override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        grow(mark, {});
        YamlNode node;
        // The mark of an empty value is that of whatever comes next; its key is what helps.
        node.place =
            frames_.empty() || !frames_.back().key ? place(mark) : frames_.back().key->place;
        if (expects_key())
            throw Refused{place(mark), "A key is missing before the colon. Write it."};
        finish(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw Refused{place(mark),
                          "This alias stands inside what it names, so it would never "
                          "end. Write the value out."};
        if (expects_key())
            throw Refused{place(mark), "An alias may not be a key. Write the key out."};
        const auto& [node, weight] = found->second;
        grow(mark, weight);
        if (frames_.size() + weight.depth > depth_max) refuse_depth(mark);
        add(YamlNode(node));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_tag(mark, tag);
        grow(mark, {.nodes = 1, .bytes = value.size(), .depth = 1});
        const bool is_quoted = tag == "!";
        if (is_quoted) refuse_unclosed(mark);
        if (expects_key()) return add_key(mark, value);
        YamlNode node;
        node.kind = YamlNode::Kind::text;
        node.text = value;
        node.quoted = is_quoted;
        node.place = place(mark);
        finish(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        start(mark, tag, anchor, YamlNode::Kind::list);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        start(mark, tag, anchor, YamlNode::Kind::map);
    }
    void OnMapEnd() override { end(); }

private:
    struct Key {
        std::string text;
        Place place;
    };
    struct Frame {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        std::unique_ptr<Key> key = nullptr;     // Of a map: the key whose value comes next.
        std::map<std::string, int> lines = {};  // Of a map: its keys and their lines.
    };

    bool expects_key() const {
        return !frames_.empty() && frames_.back().node.is_map() && !frames_.back().key;
    }

    [[noreturn]] void refuse_depth(const YAML::Mark& mark) const {
        throw Refused{place(mark), "The values are nested more than " + std::to_string(depth_max) +
                                       " deep here. Flatten them."};
    }

    void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (tag.empty() || tag == "?" || tag == "!") return;
        throw Refused{place(mark), "The tag " + in_quotes(tag) +
                                       " is not read: a setting's type is "
                                       "known without one. Remove it."};
    }

    // yaml-cpp 0.7 takes a quote that is never closed for text up to the end of the file.
    void refuse_unclosed(const YAML::Mark& mark) const {
        if (has_closing_quote(text_, static_cast<std::size_t>(std::max(mark.pos, 0)))) return;
        throw Refused{place(mark),
                      "The text that begins here is never closed. Add the quote at "
                      "its end."};
    }

    void grow(const YAML::Mark& mark, const Weight& weight) {
        nodes_ += weight.nodes;
        bytes_ += weight.bytes;
        if (nodes_ > nodes_max || bytes_ > text_bytes_max)
            throw Refused{place(mark),
                          "Here the file grows beyond 20,000 values or 4 MiB, aliases "
                          "counted at full size. Split it, or remove aliases."};
    }

    void add_key(const YAML::Mark& mark, const std::string& key) {
        Frame& frame = frames_.back();
        const Place here = place(mark);
        if (key == "<<")
            throw Refused{here,
                          "Merge keys (<<) are not read. Write the keys out, or put them "
                          "into a file and name it with \"extends\"."};
        const auto [earlier, is_new] = frame.lines.try_emplace(key, here.line);
        if (!is_new)
            throw Refused{here, "The key " + in_quotes(key) +
                                    " stands here a second time; the first "
                                    "is at line " +
                                    std::to_string(earlier->second) + ". Remove one of them."};
        frame.key = std::make_unique<Key>(Key{key, here});
    }

    void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
               YamlNode::Kind kind) {
        refuse_tag(mark, tag);
        grow(mark, {});
        if (expects_key())
            throw Refused{place(mark),
                          "A key is text, but this one is a list or a map. Quote it "
                          "where it is meant as text."};
        if (frames_.size() >= depth_max) refuse_depth(mark);
        Frame frame;
        frame.node.kind = kind;
        frame.node.place = place(mark);
        frame.anchor = anchor;
        frames_.push_back(std::move(frame));
    }

    void end() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        finish(std::move(frame.node), frame.anchor);
    }

    void finish(YamlNode node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            const Weight weight = weigh(node);
            anchors_.insert_or_assign(anchor, std::pair(node, weight));
        }
        add(std::move(node));
    }

    void add(YamlNode node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.is_list()) {
            frame.node.list.push_back(std::move(node));
            return;
        }
        frame.node.entries.push_back(
            {.key = frame.key->text, .place = frame.key->place, .value = std::move(node)});
        frame.key = nullptr;
    }

    struct Counted {
        std::size_t line = 0;
        std::size_t bytes = 0;
        int column = 1;
    };

    std::string_view text_;
    Place file_;
    mutable Counted last_;
    std::vector<std::size_t> lines_ = {0};
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, std::pair<YamlNode, Weight>> anchors_;
    YamlNode root_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    int documents_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml(std::string_view text, std::string_view shown) {
    const Place file = place_of_file(shown);
    if (text.size() > source_bytes_max)
        return problem_at(file, "It has more than 1 MiB. Split it.");
    if (const auto plain = check_source_text(text, shown); !plain) return plain.error();
    if (const auto tab = text.find('\t'); tab != std::string_view::npos)
        return problem_at(place_at(file, text, tab),
                          "A tab stands here. Use spaces, or \\t in a text in double quotes.");
    Builder builder(text, file);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Refused& refused) {
        return problem_at(refused.place, refused.message);
    } catch (const YAML::Exception& thrown) {
        return problem_at(builder.place(thrown.mark), explain_yaml_error(thrown.msg));
    }
    YamlNode root = builder.take();
    if (!root.place.file) root.place = place_at(file, text, 0);
    return root;
}

}  // namespace perilune
