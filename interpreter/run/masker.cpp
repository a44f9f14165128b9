#include "interpreter/run/masker.h"

#include <algorithm>
#include <array>

#include "interpreter/base/digest.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

// As a form writes it: a space is a plus.
std::string form_encoded(std::string_view text) {
    std::string out = url_encode(text);
    for (auto at = out.find("%20"); at != std::string::npos; at = out.find("%20", at))
        out.replace(at, 3, "+");
    return out;
}

std::string xml_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&apos;"; break;
            default: out += c;
        }
    }
    return out;
}

// The middle of the base64 of the text behind `before` unknown bytes: what stays the same whatever
// stands around it.
std::string base64_core(const std::string& text, std::size_t before) {
    const std::string encoded = to_base64(std::string(before, 'x') + text);
    static constexpr std::array<std::size_t, 3> skipped = {0, 2, 3};
    const std::size_t bits = (before + text.size()) * 8;
    const std::size_t whole = bits / 6;
    const std::size_t from = skipped[before];
    return whole > from ? encoded.substr(from, whole - from) : std::string();
}

std::string url_alphabet(std::string text) {
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

}  // namespace

void Masker::add_form(std::string form, const std::string& name) {
    if (form.size() >= shortest) forms_.emplace(std::move(form), "[secret " + name + "]");
}

void Masker::add(const std::string& name, const std::string& value) {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> texts = {value};
    for (std::size_t at = 0; value.find('\n') != std::string::npos && at < value.size();) {
        const std::size_t end = std::min(value.find('\n', at), value.size());
        std::string line = value.substr(at, end - at);
        if (line.ends_with('\r')) line.pop_back();
        texts.push_back(std::move(line));
        at = end + 1;
    }
    for (const auto& text : texts) {
        if (text.size() < shortest || forms_.contains(text)) continue;
        add_form(text, name);
        std::string quoted = to_canonical_json(Value(text));
        if (quoted.size() > 2) add_form(quoted.substr(1, quoted.size() - 2), name);
        add_form(url_encode(text), name);
        add_form(form_encoded(text), name);
        add_form(xml_encoded(text), name);
        std::string hex = to_hex(text);
        add_form(hex, name);
        std::transform(hex.begin(), hex.end(), hex.begin(),
                       [](char c) { return static_cast<char>(c >= 'a' ? c - 32 : c); });
        add_form(hex, name);
        for (const std::size_t before : {0, 1, 2}) {
            const std::string core = base64_core(text, before);
            add_form(core, name);
            add_form(url_alphabet(core), name);
        }
    }
}

bool Masker::empty() const {
    const std::lock_guard guard(mutex_);
    return forms_.empty();
}

std::string Masker::mask(std::string_view text) const {
    const std::lock_guard guard(mutex_);
    std::string masked(text);
    // Longest first: a form that holds another one is replaced whole.
    std::vector<const std::pair<const std::string, std::string>*> ordered;
    for (const auto& form : forms_) ordered.push_back(&form);
    std::sort(ordered.begin(), ordered.end(), [](const auto* left, const auto* right) {
        return left->first.size() > right->first.size();
    });
    for (const auto* form : ordered)
        for (auto at = masked.find(form->first); at != std::string::npos;
             at = masked.find(form->first, at + form->second.size()))
            masked.replace(at, form->first.size(), form->second);
    return masked;
}

Value Masker::mask_value(const Value& value) const {
    if (empty()) return value;
    if (value.is_text()) return Value(mask(value.text()));
    if (value.is_list()) {
        List list;
        for (const auto& held : value.list()) list.push_back(mask_value(held));
        return list;
    }
    if (!value.is_map()) return value;
    Map map;
    for (const auto& [key, held] : value.map()) map.insert_or_assign(mask(key), mask_value(held));
    return map;
}

}  // namespace perilune
