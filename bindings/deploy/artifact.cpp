#include "bindings/deploy/artifact.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

Error failed(const std::string& doing, const std::string& path, const std::error_code& code) {
    return fail("file_failed", doing + " " + path + ": " + code.message() + ".");
}

struct Entry {
    fs::path path;
    struct stat info {};
};

Status collect(const fs::path& folder, std::map<std::string, Entry>& entries) {
    std::error_code code;
    for (auto at = fs::recursive_directory_iterator(folder, code);
         !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
        Entry entry{.path = at->path()};
        if (::lstat(entry.path.c_str(), &entry.info) != 0) continue;
        entries.emplace(fs::relative(entry.path, folder).string(), entry);
    }
    if (code) return failed("Reading", folder.string(), code);
    return Done{};
}

}  // namespace

Result<std::optional<Artifact>> read_artifact(const std::string& folder) {
    std::error_code code;
    if (!fs::is_directory(folder, code)) return std::optional<Artifact>();
    std::map<std::string, Entry> entries;
    if (const auto collected = collect(folder, entries); !collected) return collected.error();
    Artifact artifact;
    Digest digest;
    for (const auto& [name, entry] : entries) {
        // One line an entry, its parts set apart by a byte that no name holds.
        std::string line = name + '\0';
        if (S_ISREG(entry.info.st_mode)) {
            const auto content = digest_file(entry.path.string());
            if (!content) return content.error();
            line += (entry.info.st_mode & S_IXUSR) != 0 ? "program" : "file";
            line += '\0' + *content;
            artifact.size_bytes += static_cast<double>(entry.info.st_size);
            artifact.built_at =
                std::max(artifact.built_at, static_cast<double>(entry.info.st_mtim.tv_sec));
        } else if (S_ISLNK(entry.info.st_mode)) {
            line += "link";
            line += '\0' + fs::read_symlink(entry.path, code).string();
        } else if (S_ISDIR(entry.info.st_mode)) {
            line += "folder";
        } else {
            return fail("bad_artifact", entry.path.string() +
                                            " is neither a file, a folder nor a "
                                            "link: it cannot be released.");
        }
        digest.add(line + '\n');
    }
    artifact.digest = to_hex(digest.finish());
    return std::optional<Artifact>(artifact);
}

Status copy_artifact(const std::string& from, const std::string& to) {
    std::error_code code;
    fs::remove_all(to, code);
    if (code) return failed("Removing", to, code);
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, code);
    if (code) return failed("Copying " + from + " to", to, code);
    // One call for all files of the copy; thousands of single ones would take minutes.
    const Descriptor folder(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open() || ::syncfs(folder.get()) != 0)
        return failed("Flushing", to, std::error_code(errno, std::generic_category()));
    return Done{};
}

bool is_version(const std::string& version) {
    return !version.empty() && version.size() <= 200 && version[0] != '.' &&
           std::none_of(version.begin(), version.end(),
                        [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace perilune
