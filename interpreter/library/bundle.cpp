// Collects the texts of a bundle and digests them.
#include "interpreter/library/bundle.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"
#include "interpreter/library/source_text.h"

namespace perilune {

namespace {
constexpr std::size_t bundle_bytes_max = 32 << 20;
}  // namespace

Result<Bundle> load_bundle(const Library& library,
                           const std::vector<std::string>& environment_files) {
    Bundle bundle;
    Problems problems;
    std::size_t bytes = 0;
    const auto take = [&](const std::string& path) {
        auto text = read_library_file(library, path);
        if (!text) return problems.add(text.error());
        const auto checked =
            path.ends_with(".lua") ? check_lua_text(*text, path) : check_source_text(*text, path);
        if (!checked) return problems.add(checked.error());
        bytes += text->size();
        if (bytes <= bundle_bytes_max) bundle.files[path] = std::move(*text);
    };
    for (const auto& path : library.files) take(path);
    for (const auto& path : environment_files) take(path);
    if (bytes > bundle_bytes_max)
        problems.add(place_of_file(library.name),
                     "Its files have " + show_size(static_cast<double>(bytes)) +
                         " together; a run carries at most 32 MiB. Move away what is no code.");
    if (problems.any()) return problems.error();
    bundle.digest = bundle_digest(bundle.files);
    return bundle;
}

std::string bundle_digest(const Texts& files) {
    Digest digest;
    for (const auto& [path, text] : files) {
        digest.add(path);
        digest.add(std::string_view("\0", 1));
        digest.add(sha256(text));
    }
    return to_hex(digest.finish());
}

}  // namespace perilune
