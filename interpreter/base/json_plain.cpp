#include "interpreter/base/json_plain.h"

#include <charconv>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr int depth_max = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
public:
    explicit Reader(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    bool read_whole(Value& value) { return read(value) && at_ == end_; }

private:
    bool take(char wanted) {
        if (at_ == end_ || *at_ != wanted) return false;
        ++at_;
        return true;
    }

    bool take(std::string_view wanted) {
        const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
        if (!rest.starts_with(wanted)) return false;
        at_ += wanted.size();
        return true;
    }

    bool read(Value& value) {
        if (at_ == end_ || depth_ == depth_max) return false;
        switch (*at_) {
            case '{': return read_map(value);
            case '[': return read_list(value);
            case '"': return read_text(value);
            case 't': value = true; return take("true");
            case 'f': value = false; return take("false");
            case 'n': value = Value(); return take("null");
            default: return read_number(value);
        }
    }

    bool read_list(Value& value) {
        ++at_;
        ++depth_;
        List list;
        while (!take(']')) {
            if (!list.empty() && !take(',')) return false;
            if (!read(list.emplace_back())) return false;
        }
        --depth_;
        value = std::move(list);
        return true;
    }

    bool read_map(Value& value) {
        ++at_;
        ++depth_;
        Map fields;
        std::string key;
        Value held;
        while (!take('}')) {
            if (!fields.empty() && !take(',')) return false;
            key.clear();
            if (!read_string(key) || key.starts_with('$') || !take(':') || !read(held))
                return false;
            // What is nil, or out of order, is not as it is written: who else can may read it.
            if (held.is_nil() || (!fields.empty() && key <= fields.rbegin()->first)) return false;
            fields.emplace_hint(fields.end(), std::move(key), std::move(held));
        }
        --depth_;
        value = std::move(fields);
        return true;
    }

    bool read_text(Value& value) {
        std::string text;
        if (!read_string(text)) return false;
        value = std::move(text);
        return true;
    }

    bool read_string(std::string& text) {
        if (!take('"')) return false;
        while (true) {
            const char* begin = at_;
            while (at_ != end_ && *at_ != '"' && *at_ != '\\' &&
                   static_cast<unsigned char>(*at_) >= 0x20)
                ++at_;
            text.append(begin, at_);
            if (take('"')) return true;
            if (!take('\\') || at_ == end_) return false;
            switch (*at_++) {
                case '"': text += '"'; break;
                case '\\': text += '\\'; break;
                case 'n': text += '\n'; break;
                case 'r': text += '\r'; break;
                case 't': text += '\t'; break;
                default: return false;
            }
        }
    }

    // RFC 8259, section 6; from_chars alone takes more.
    bool read_number(Value& value) {
        const char* const begin = at_;
        take('-');
        if (at_ == end_ || !is_digit(*at_)) return false;
        if (*at_ == '0' && at_ + 1 != end_ && is_digit(at_[1])) return false;
        const char* const digits = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        const bool whole = at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
        if (whole && at_ - digits < 16) {
            std::int64_t number = 0;
            std::from_chars(begin, at_, number);
            if (number == 0 && *begin == '-') return false;
            value = number;
            return true;
        }
        if (take('.')) {
            if (at_ == end_ || !is_digit(*at_)) return false;
            while (at_ != end_ && is_digit(*at_)) ++at_;
        }
        if (take('e') || take('E')) {
            if (!take('-')) take('+');
            if (at_ == end_ || !is_digit(*at_)) return false;
            while (at_ != end_ && is_digit(*at_)) ++at_;
        }
        double number = 0;
        const auto read = std::from_chars(begin, at_, number);
        value = number;
        return read.ec == std::errc() && read.ptr == at_;
    }

    const char* at_;
    const char* end_;
    int depth_ = 0;
};

}  // namespace

bool read_plain_json(std::string_view text, Value& value) {
    return is_utf8(text) && Reader(text).read_whole(value);
}

}  // namespace perilune
