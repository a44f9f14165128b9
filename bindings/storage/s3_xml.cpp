#include "bindings/storage/s3_xml.h"

#include <algorithm>
#include <charconv>

namespace perilune {

namespace {

constexpr int depth_max = 32;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view none_text;
constexpr std::string_view space_of_s3 = "http://s3.amazonaws.com/doc/2006-03-01/";

void append_utf8(std::string& out, unsigned code) {
    const auto byte = [&](unsigned bits) { out += static_cast<char>(bits); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

// What stands between "&" and ";".
bool append_entity(std::string& out, std::string_view name) {
    constexpr std::pair<std::string_view, char> named[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [known, character] : named) {
        if (name != known) continue;
        out += character;
        return true;
    }
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const bool hexadecimal = name.starts_with('x');
    if (hexadecimal) name.remove_prefix(1);
    unsigned code = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), code, hexadecimal ? 16 : 10);
    // Halves of a UTF-16 pair are no characters (XML 1.0, 2.2).
    const bool half = code >= 0xd800 && code <= 0xdfff;
    if (error != std::errc() || end != name.data() + name.size() || code == 0 || half ||
        code > 0x10ffff)
        return false;
    append_utf8(out, code);
    return true;
}

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    Result<XmlElement> document() {
        if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
        skip_between();
        XmlElement root;
        if (!element(root, 0)) return broken();
        skip_between();
        if (!rest_.empty()) return broken();
        return root;
    }

private:
    static Error broken() {
        return fail("bad_answer", "What came back is no XML that S3 would send.");
    }

    void skip(std::size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }
    void skip_blanks() { skip(std::min(rest_.find_first_not_of(blanks), rest_.size())); }
    bool take(std::string_view wanted) {
        if (!rest_.starts_with(wanted)) return false;
        skip(wanted.size());
        return true;
    }
    // Everything up to `end`, which goes too; false where it never comes.
    bool take_until(std::string_view end, std::string_view& taken) {
        const auto at = rest_.find(end);
        if (at == std::string_view::npos) return false;
        taken = rest_.substr(0, at);
        skip(at + end.size());
        return true;
    }

    // The declaration, comments and blanks around the root.
    void skip_between() {
        std::string_view passed;
        do {
            skip_blanks();
        } while ((rest_.starts_with("<?") && take_until("?>", passed)) ||
                 (rest_.starts_with("<!--") && take_until("-->", passed)));
    }

    std::string take_name() {
        const auto end = std::min(rest_.find_first_of(" \t\r\n/><"), rest_.size());
        std::string_view name = rest_.substr(0, end);
        skip(end);
        const auto colon = name.find(':');
        if (colon != std::string_view::npos) name.remove_prefix(colon + 1);
        return std::string(name);
    }

    // Passes over attributes: a ">" within quotes ends no tag. Says whether the tag closes itself.
    bool end_of_tag(bool& closed) {
        char quote = 0;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (quote != 0) {
                if (c == quote) quote = 0;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '<') {
                return false;
            } else if (c == '>') {
                closed = i > 0 && rest_[i - 1] == '/';
                skip(i + 1);
                return true;
            }
        }
        return false;
    }

    bool text(std::string& out) {
        const std::string_view piece = rest_.substr(0, rest_.find('<'));
        skip(piece.size());
        for (std::size_t i = 0; i < piece.size(); ++i) {
            if (piece[i] != '&') {
                out += piece[i];
                continue;
            }
            const auto end = piece.find(';', i);
            if (end == std::string_view::npos) return false;
            if (!append_entity(out, piece.substr(i + 1, end - i - 1))) return false;
            i = end;
        }
        return true;
    }

    bool element(XmlElement& made, int depth) {
        if (depth > depth_max || !take("<")) return false;
        made.name = take_name();
        bool closed = false;
        if (made.name.empty() || !end_of_tag(closed)) return false;
        return closed || content(made, depth);
    }

    bool content(XmlElement& made, int depth) {
        std::string_view passed;
        while (!rest_.empty()) {
            if (!text(made.text)) return false;
            if (take("</")) {
                if (take_name() != made.name) return false;
                skip_blanks();
                // Blanks between children are no content.
                if (!made.children.empty() &&
                    made.text.find_first_not_of(blanks) == std::string::npos)
                    made.text.clear();
                return take(">");
            }
            if (take("<!--")) {
                if (!take_until("-->", passed)) return false;
            } else if (take("<![CDATA[")) {
                if (!take_until("]]>", passed)) return false;
                made.text += passed;
            } else {
                made.children.emplace_back();
                if (!element(made.children.back(), depth + 1)) return false;
            }
        }
        return false;
    }

    std::string_view rest_;
};

// A carriage return would be read back as a line feed, so it is written as its number.
void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '"': out += "&quot;"; break;
            case '\r': out += "&#13;"; break;
            case '\n': out += "&#10;"; break;
            case '\t': out += "&#9;"; break;
            default: out += c;
        }
    }
}

void append_element(std::string& out, const XmlElement& element, std::string_view attributes) {
    out += '<' + element.name;
    out += attributes;
    out += '>';
    append_escaped(out, element.text);
    for (const auto& child : element.children) append_element(out, child, none_text);
    out += "</" + element.name + '>';
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
    const auto found = std::find_if(children.begin(), children.end(), [&](const auto& element) {
        return element.name == child_name;
    });
    return found == children.end() ? nullptr : &*found;
}

const std::string& XmlElement::at(std::string_view path) const {
    static const std::string nothing;
    const auto slash = path.find('/');
    const XmlElement* found = child(path.substr(0, slash));
    if (!found) return nothing;
    return slash == std::string_view::npos ? found->text : found->at(path.substr(slash + 1));
}

bool XmlElement::has(std::string_view path) const {
    const auto slash = path.find('/');
    const XmlElement* found = child(path.substr(0, slash));
    return found && (slash == std::string_view::npos || found->has(path.substr(slash + 1)));
}

std::vector<const XmlElement*> XmlElement::all(std::string_view child_name) const {
    std::vector<const XmlElement*> found;
    for (const auto& element : children)
        if (element.name == child_name) found.push_back(&element);
    return found;
}

XmlElement& XmlElement::add(std::string_view child_name, std::string_view child_text) {
    children.push_back(
        {.name = std::string(child_name), .text = std::string(child_text), .children = {}});
    return *this;
}

XmlElement& XmlElement::add(XmlElement element) {
    children.push_back(std::move(element));
    return *this;
}

Result<XmlElement> read_xml(std::string_view text) { return Reader(text).document(); }

std::string write_xml(const XmlElement& element) {
    std::string out;
    append_element(out, element, none_text);
    return out;
}

std::string write_xml_document(const XmlElement& element) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    append_element(out, element, " xmlns=\"" + std::string(space_of_s3) + "\"");
    return out;
}

}  // namespace perilune
