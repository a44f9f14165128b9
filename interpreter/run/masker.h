// The second net under secrets: opened values are masked wherever text leaves the host.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// Knows every secret opened in this process, in the forms in which it may come back: as it is,
// base64 at three alignments (both alphabets), URL, JSON, XML and hexadecimal. Lines of a secret of
// several lines are masked one by one. Values under `shortest` bytes are not masked, since masking
// them would garble everything else: opening one is refused. Reversed, split or twice encoded
// values are not recognised. Thread-safe.
class Masker {
public:
    static constexpr std::size_t shortest = 6;

    void add(const std::string& name, const std::string& value);
    std::string mask(std::string_view text) const;
    Value mask_value(const Value& value) const;
    bool empty() const;

private:
    void add_form(std::string form, const std::string& name);

    mutable std::mutex mutex_;
    std::map<std::string, std::string> forms_;  // Form to the text that replaces it.
};

}  // namespace perilune
