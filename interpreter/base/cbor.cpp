#include "interpreter/base/cbor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace perilune {

namespace {

enum Major {
    natural = 0,
    negative = 1,
    bytes = 2,
    text = 3,
    array = 4,
    map = 5,
    tag = 6,
    simple = 7
};

constexpr std::uint64_t elements_at_once_max = 1024;
constexpr std::uint64_t exact_max = std::uint64_t{1} << 53;  // Whole numbers up to it are exact.

// Whether a number is written as an integer.
bool is_whole(double number) {
    return number == std::floor(number) && std::abs(number) <= static_cast<double>(exact_max) &&
           !(number == 0 && std::signbit(number));
}

void append_head(std::string& out, Major major, std::uint64_t count) {
    const auto lead = static_cast<unsigned>(major) << 5;
    int width = 0;
    if (count < 24) {
        out += static_cast<char>(lead | count);
        return;
    }
    if (count <= 0xff) {
        out += static_cast<char>(lead | 24);
        width = 1;
    } else if (count <= 0xffff) {
        out += static_cast<char>(lead | 25);
        width = 2;
    } else if (count <= 0xffffffff) {
        out += static_cast<char>(lead | 26);
        width = 4;
    } else {
        out += static_cast<char>(lead | 27);
        width = 8;
    }
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(count >> shift & 0xff);
}

void append_bytes(std::string& out, std::string_view held) {
    append_head(out, bytes, held.size());
    out += held;
}

void append_number(std::string& out, double number) {
    if (is_whole(number)) {
        if (number >= 0) return append_head(out, natural, static_cast<std::uint64_t>(number));
        return append_head(out, negative, static_cast<std::uint64_t>(-number) - 1);
    }
    out += static_cast<char>(0xfb);
    const auto bits = std::bit_cast<std::uint64_t>(number);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift & 0xff);
}

class Reader {
public:
    Reader(std::string_view input, int depth_max) : input_(input), depth_left_(depth_max) {}

    Result<Value> read_all() {
        Value value;
        if (!read(value) || at_ != input_.size())
            return fail("bad_message", "A message between host and worker is malformed.");
        return value;
    }

private:
    bool read_head(unsigned& major, std::uint64_t& count, unsigned& info) {
        if (at_ >= input_.size()) return false;
        const auto lead = static_cast<unsigned char>(input_[at_++]);
        major = lead >> 5;
        info = lead & 31;
        count = info;
        if (info < 24) return true;
        if (info > 27) return false;
        const std::size_t width = std::size_t{1} << (info - 24);
        if (input_.size() - at_ < width) return false;
        count = 0;
        for (std::size_t i = 0; i < width; ++i)
            count = count << 8 | static_cast<unsigned char>(input_[at_++]);
        // A float has no shorter head; of all others the half of the width must not suffice.
        return major == simple || (width == 1 ? count >= 24 : count >> (width * 4) != 0);
    }

    bool read(Value& value) {
        if (depth_left_ == 0) return false;
        --depth_left_;
        const bool well = read_inner(value);
        ++depth_left_;
        return well;
    }

    bool read_inner(Value& value) {
        unsigned major = 0;
        unsigned info = 0;
        std::uint64_t count = 0;
        if (!read_head(major, count, info)) return false;
        switch (major) {
            case natural: value = static_cast<double>(count); return count <= exact_max;
            case negative: value = -static_cast<double>(count) - 1; return count < exact_max;
            case bytes: return read_text(value, count);
            case array: return read_list(value, count);
            case map: return read_map(value, count);
            case tag: return read_tagged(value, count);
            case simple: return read_simple(value, count, info);
            default: return false;  // UTF-8 text: Lua's is bytes.
        }
    }

    bool read_text(Value& value, std::uint64_t count) {
        if (count > input_.size() - at_) return false;
        value = std::string(input_.substr(at_, count));
        at_ += count;
        return true;
    }

    bool read_list(Value& value, std::uint64_t count) {
        if (count > input_.size() - at_) return false;
        // A length is only a claim until its elements are read: lists in lists that each claim
        // the rest of the message would take gigabytes.
        List list;
        list.reserve(std::min(count, elements_at_once_max));
        for (std::uint64_t i = 0; i < count; ++i)
            if (!read(list.emplace_back())) return false;
        value = std::move(list);
        return true;
    }

    bool read_map(Value& value, std::uint64_t count) {
        if (count > input_.size() - at_) return false;
        Map fields;
        for (std::uint64_t i = 0; i < count; ++i) {
            Value key;
            Value held;
            if (!read(key) || !key.is_text() || !read(held) || held.is_nil()) return false;
            if (!fields.empty() && key.text() <= fields.rbegin()->first) return false;
            fields.emplace_hint(fields.end(), key.text(), std::move(held));
        }
        value = std::move(fields);
        return true;
    }

    bool read_tagged(Value& value, std::uint64_t number) {
        Value held;
        if (!read(held)) return false;
        if (number == cbor_tag_unknown) {
            value = Value(Unknown{held.text()});
            return held.is_text();
        }
        if (number != cbor_tag_secret || !held.is_list()) return false;
        SecretTemplate secret;
        for (const auto& piece : held.list()) {
            const List& parts = piece.list();
            const auto is_text = [](const Value& part) { return part.is_text(); };
            if (parts.size() != 5 || !std::ranges::all_of(parts, is_text)) return false;
            secret.pieces.push_back({.text = parts[0].text(),
                                     .name = parts[1].text(),
                                     .provider = parts[2].text(),
                                     .version = parts[3].text(),
                                     .encoding = parts[4].text()});
        }
        value = Value(std::make_shared<const SecretTemplate>(std::move(secret)));
        return true;
    }

    bool read_simple(Value& value, std::uint64_t count, unsigned info) {
        if (info == 27) {
            const double number = std::bit_cast<double>(count);
            value = number;
            return !std::isnan(number) && !is_whole(number);
        }
        if (info == 20 || info == 21) {
            value = info == 21;
            return true;
        }
        value = Value();
        return info == 22;
    }

    std::string_view input_;
    std::size_t at_ = 0;
    int depth_left_;
};

void append_secret(std::string& out, const SecretTemplate& secret) {
    append_head(out, tag, cbor_tag_secret);
    append_head(out, array, secret.pieces.size());
    for (const auto& piece : secret.pieces) {
        append_head(out, array, 5);
        append_bytes(out, piece.text);
        append_bytes(out, piece.name);
        append_bytes(out, piece.provider);
        append_bytes(out, piece.version);
        append_bytes(out, piece.encoding);
    }
}

}  // namespace

void append_cbor(std::string& out, const Value& value) {
    if (value.is_boolean()) {
        out += static_cast<char>(value.boolean() ? 0xf5 : 0xf4);
    } else if (value.is_number()) {
        append_number(out, value.number());
    } else if (value.is_text()) {
        append_bytes(out, value.text());
    } else if (value.is_list()) {
        append_head(out, array, value.list().size());
        for (const auto& held : value.list()) append_cbor(out, held);
    } else if (value.is_map()) {
        append_head(out, map, value.map().size());
        for (const auto& [key, held] : value.map()) {
            append_bytes(out, key);
            append_cbor(out, held);
        }
    } else if (value.is_secret()) {
        append_secret(out, *value.secret());
    } else if (value.is_unknown()) {
        append_head(out, tag, cbor_tag_unknown);
        append_bytes(out, value.unknown().source);
    } else {
        out += static_cast<char>(0xf6);
    }
}

std::string to_cbor(const Value& value) {
    std::string out;
    append_cbor(out, value);
    return out;
}

Result<Value> from_cbor(std::string_view input, int depth_max) {
    return Reader(input, depth_max).read_all();
}

}  // namespace perilune
