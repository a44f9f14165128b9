#include "interpreter/drill/left_drill.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/kept.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t bytes_max = 1 << 16;

std::string note_path(const std::string& folder) { return folder + "/drill.json"; }

}  // namespace

bool LeftDrill::goes_on() const { return boot == boot_id() && start_ticks(pid) == ticks; }

LeftDrill this_drill(const std::string& folder) {
    LeftDrill drill;
    drill.folder = folder;
    drill.pid = ::getpid();
    drill.boot = boot_id();
    drill.ticks = start_ticks(drill.pid);
    return drill;
}

Status note_drill(const LeftDrill& drill) {
    Value note;
    note.set("drill", drill.drill).set("library", drill.library);
    note.set("environment", drill.environment);
    note.set("pid", drill.pid).set("boot", drill.boot).set("ticks", std::to_string(drill.ticks));
    return write_file_durably(note_path(drill.folder), to_json(note) + "\n");
}

void forget_drill(const std::string& folder) { ::unlink(note_path(folder).c_str()); }

std::vector<LeftDrill> left_drills(const std::string& state_folder) {
    std::vector<LeftDrill> all;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(state_folder + "/drills", code)) {
        const auto text = read_file(note_path(entry.path().string()), bytes_max);
        const auto note = text ? from_json(*text) : Result<Value>(text.error());
        if (!note) continue;
        LeftDrill drill;
        drill.folder = entry.path().string();
        drill.drill = (*note)["drill"].text();
        drill.library = (*note)["library"].text();
        drill.environment = (*note)["environment"].text();
        drill.pid = static_cast<int>((*note)["pid"].integer());
        drill.boot = (*note)["boot"].text();
        drill.ticks = std::strtoull((*note)["ticks"].text().c_str(), nullptr, 10);
        all.push_back(std::move(drill));
    }
    std::sort(all.begin(), all.end(), [](const LeftDrill& left, const LeftDrill& right) {
        return left.folder > right.folder;
    });
    return all;
}

}  // namespace perilune
