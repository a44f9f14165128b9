#include "interpreter/journal/state_mark.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr std::size_t id_digits = 32;
constexpr int position_digits = 19;  // Of the largest 64-bit number.
constexpr std::size_t mark_bytes = id_digits + 1 + position_digits + 1;

std::string mark_path(const std::string& folder) { return folder + "/state.mark"; }

std::string position_text(std::int64_t position) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*lld\n", position_digits,
                  static_cast<long long>(position));
    return text.data();
}

// A folder as a word of a shell command.
std::string word(const std::string& folder) {
    if (folder.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-_./:,+@%") == std::string::npos)
        return folder;
    std::string quoted = "'";
    for (const char c : folder) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

Error refusal(const std::string& folder, const std::string& found, const std::string& advice) {
    Error error = fail("state_refused",
                       found +
                           " Nothing is written to it; runs, status, report and verify read "
                           "it as it is. " +
                           advice + " To go on with it as it is: perilune state adopt --state " +
                           word(folder) + " --reason TEXT");
    error.detail = found;
    return error;
}

constexpr const char* one_only =
    "Two copies that runs are executed from make every change twice: see to it that nothing is "
    "executed from the other one any more.";
constexpr const char* done_again =
    "What lost records tell of was done, and would be done again: put back the whole folder as it "
    "was, or look at the world before a run is resumed.";

}  // namespace

std::optional<Error> judge_state(const std::string& folder, const StateFound& found,
                                 const std::optional<StateMark>& mark) {
    const std::string path = folder + "/state.db";
    const std::string written = mark ? std::to_string(mark->position) : "";
    if (found.id.empty()) {
        if (!mark || mark->position == 0) return std::nullopt;
        return refusal(folder,
                       "The state database " + path + " is empty or another one: " + written +
                           " records were written, as " + mark_path(folder) + " says.",
                       done_again);
    }
    if (found.inode != found.inode_now)
        return refusal(folder,
                       "The state database " + path +
                           " was copied, restored or moved here: it is "
                           "the file " +
                           std::to_string(found.inode_now) + ", and was made as " +
                           std::to_string(found.inode) + ".",
                       one_only);
    if (!mark && found.position == 0) return std::nullopt;
    if (!mark)
        return refusal(folder,
                       mark_path(folder) +
                           ", which is kept beside the state database and says how "
                           "far it was written, is missing.",
                       done_again);
    if (mark->id != found.id)
        return refusal(folder,
                       "The state database " + path + " and " + mark_path(folder) +
                           " do not belong together: one of them was put in the other's place.",
                       done_again);
    if (mark->position <= found.position) return std::nullopt;
    return refusal(folder,
                   "The state database " + path + " has lost records: it ends with record " +
                       std::to_string(found.position) + ", and " + written +
                       " were written. Its write-ahead log, " + path + "-wal, " +
                       (found.log_there ? "does not hold them." : "is missing."),
                   done_again);
}

std::optional<StateMark> read_state_mark(const std::string& folder) {
    if (::access(mark_path(folder).c_str(), F_OK) != 0) return std::nullopt;
    StateMark mark;
    const auto text = read_file(mark_path(folder), 4096);
    if (!text || text->size() != mark_bytes) return mark;
    mark.id = text->substr(0, id_digits);
    mark.position = std::strtoll(text->c_str() + id_digits + 1, nullptr, 10);
    return mark;
}

Status write_state_mark(const std::string& folder, const StateMark& mark) {
    return write_file_durably(mark_path(folder), mark.id + " " + position_text(mark.position),
                              0600);
}

void OpenMark::open(const std::string& folder, std::int64_t position) {
    file_ = Descriptor(::open(mark_path(folder).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    position_ = position;
}

void OpenMark::note(std::int64_t position) {
    if (!file_.open() || position == position_) return;
    const std::string text = position_text(position);
    // A position that was not written down only makes the mark lag.
    [[maybe_unused]] const auto written =
        ::pwrite(file_.get(), text.data(), text.size(), id_digits + 1);
    position_ = position;
}

bool is_network_file_system(long type) {
    constexpr long nfs = 0x6969;
    constexpr long smb = 0x517b;
    constexpr long smb2 = 0xfe534d42;
    constexpr long cifs = 0xff534d42;
    const long low = type & 0xffffffffL;
    return low == nfs || low == smb || low == smb2 || low == cifs;
}

long file_system_type(const std::string& folder) {
    struct statfs info {};
    return ::statfs(folder.c_str(), &info) == 0 ? static_cast<long>(info.f_type) : 0;
}

}  // namespace perilune
