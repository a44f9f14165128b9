// Reads and appends the lines of a notify file, one writer at a time.
#include "bindings/notify/notify_log.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr std::size_t file_bytes_max = 64 << 20;
constexpr useconds_t lock_pause_us = 5000;

Error failure(const std::string& doing, const std::string& path) {
    return fail("file_failed",
                doing + " the notify file " + path + ": " + std::strerror(errno) +
                    ". Check its folder, its owner and the space on its disk.",
                Retry::safe);
}

NotifyState parse(const std::string& text) {
    NotifyState state;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = from_json(std::string_view(text).substr(at, end - at));
        if (line && line->is_map()) state.add(*line);
        at = end + 1;
    }
    return state;
}

Status lock(int fd, const std::string& path, double deadline_s) {
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return failure("Locking", path);
        if (boot_now_s() >= deadline_s) return failure("Waiting for the lock of", path);
        ::usleep(lock_pause_us);
    }
    return Done{};
}

Result<std::string> read_all(int fd, const std::string& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return failure("Reading", path);
    if (!S_ISREG(info.st_mode))
        return fail("file_failed", "The notify file " + path + " is not a regular file.");
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size > file_bytes_max)
        return fail("file_failed", "The notify file " + path +
                                       " is larger than 64 MiB: move it "
                                       "away; a new one begins by itself.");
    std::string text(size, '\0');
    for (std::size_t at = 0; at < size;) {
        const auto got = ::pread(fd, text.data() + at, size - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("Reading", path);
        if (got == 0) text.resize(at);
        if (got == 0) break;
        at += static_cast<std::size_t>(got);
    }
    return text;
}

// Writes the line whole and flushes it, or takes back what was written of it.
Status write_line(int fd, const std::string& text, const std::string& line,
                  const std::string& path) {
    const auto undo = [&](const std::string& doing) {
        const Error error = failure(doing, path);
        [[maybe_unused]] const int cut = ::ftruncate(fd, static_cast<off_t>(text.size()));
        return error;
    };
    // After a crash the last line may be torn; the next one must not be glued to it.
    const bool torn = !text.empty() && !text.ends_with('\n');
    const std::string bytes = (torn ? "\n" : "") + line + "\n";
    for (std::size_t at = 0; at < bytes.size();) {
        const auto written = ::write(fd, bytes.data() + at, bytes.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return undo("Writing");
        at += static_cast<std::size_t>(written);
    }
    if (::fsync(fd) != 0) return undo("Flushing");
    if (!text.empty()) return Done{};
    const auto folder = std::filesystem::path(path).parent_path();
    return sync_folder(folder.empty() ? "." : folder.string());
}

}  // namespace

Value LoggedIncident::to_value(const std::string& key) const {
    Value shown;
    shown.set("key", key).set("state", state).set("opened_at", opened_at);
    if (acknowledged_by) shown.set("acknowledged_by", *acknowledged_by);
    if (acknowledged_at) shown.set("acknowledged_at", *acknowledged_at);
    return shown;
}

void NotifyState::add(const Value& line) {
    const std::string& kind = line["kind"].text();
    const std::string& key = line["key"].text();
    if (line.has("intent")) intents.insert(line["intent"].text());
    const auto known = incidents.find(key);
    const bool open = known != incidents.end() && known->second.is_open();
    if (kind == "opened" && !open) {
        incidents[key] = {.id = line["intent"].text(),
                          .state = "open",
                          .opened_at = line["at"].number(),
                          .acknowledged_by = {},
                          .acknowledged_at = {}};
    } else if (kind == "acknowledged" && open) {
        LoggedIncident& incident = known->second;
        incident.state = "acknowledged";
        if (line["by"].is_text()) incident.acknowledged_by = line["by"].text();
        if (line["at"].is_number()) incident.acknowledged_at = line["at"].number();
    } else if (kind == "resolved" && open) {
        known->second.state = "resolved";
    } else if (kind == "component") {
        components[line["component"].text()] = line["state"].text();
    } else if (kind == "maintenance") {
        Value window;
        maintenance[key] =
            window.set("starts_at", line["starts_at"]).set("ends_at", line["ends_at"]);
    } else if (kind == "maintenance_ended") {
        maintenance.erase(key);
    }
}

Result<NotifyState> NotifyLog::read() const {
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.open() && errno == ENOENT) return NotifyState{};
    if (!file.open()) return failure("Opening", path_);
    const auto text = read_all(file.get(), path_);
    if (!text) return text.error();
    return parse(*text);
}

Status NotifyLog::append(const std::function<Value(const NotifyState&)>& decide,
                         double deadline_s) const {
    const auto folder = std::filesystem::path(path_).parent_path();
    if (!folder.empty())
        if (const auto made = make_folders(folder.string()); !made) {
            Error error = made.error();
            error.retry = Retry::safe;
            return error;
        }
    const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
    const Descriptor file(::open(path_.c_str(), flags, 0640));
    if (!file.open()) return failure("Opening", path_);
    if (const auto locked = lock(file.get(), path_, deadline_s); !locked) return locked;
    const auto text = read_all(file.get(), path_);
    if (!text) return text.error();
    const Value line = decide(parse(*text));
    if (line.is_nil()) return Done{};
    return write_line(file.get(), *text, to_json(line), path_);
}

}  // namespace perilune
