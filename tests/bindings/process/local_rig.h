// The programs that tests of the local process driver declare, and where their keepers' files are.
#pragma once

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/kept_runs.h"
#include "tests/bindings/process/process_conformance.h"
#include "tests/support/eventually.h"

namespace perilune::test {

inline const std::string say = "s=; for a; do printf '%s' \"$s$a\"; s=' '; done; echo; cat";

// A program as a script file, as an operator would declare one.
inline Value script(const std::string& folder, const std::string& name, const std::string& text,
                    Value more = {}) {
    const std::string path = folder + "/" + name;
    REQUIRE(write_file_durably(path, "#!/bin/sh\n" + text + "\n", 0755).ok());
    return more.set("path", path);
}

inline Value declared(const std::string& folder) {
    Value any;
    any.set("arguments", "any");
    Value observing = any;
    observing.set("effect", "observe");
    Value fed = any;
    fed.set("input", true);
    Value picky;
    picky.set("arguments", list_of({"yes", "/--level=[0-9]{1,3}/"}));
    Value programs;
    programs.set("say", script(folder, "say", say, fed));
    programs.set("look", script(folder, "look", say, observing));
    programs.set("fail", script(folder, "fail", "echo no >&2; exit 3"));
    programs.set("strict", script(folder, "strict", "exit 0", picky));
    programs.set("serve", script(folder, "serve", "echo ready; exec sleep 1000"));
    Value environment;
    environment.set("TOKEN", make_secret("token")).set("PLAIN", 8080);
    Value open;
    open.set("environment", environment).set("variables", list_of({"GIVEN"}));
    programs.set("environment", script(folder, "environment", "env | sort", open));
    programs.set("descriptors", script(folder, "descriptors", "ls -l /proc/self/fd"));
    programs.set("family", script(folder, "family", "sleep 1000 >/dev/null 2>&1 & echo $!; wait"));
    programs.set("gone", Value().set("path", "/nowhere/program"));
    programs.set("stubborn", script(folder, "stubborn",
                                    "trap '' TERM; echo armed; while :; do sleep 0.1; done"));
    programs.set("marks", script(folder, "marks",
                                 "echo begun >> \"$1\"; while [ ! -e \"$1.go\" ]; do sleep 0.02; "
                                 "done; echo ended >> \"$1\"; echo output",
                                 any));
    Value settings;
    settings.set("programs", programs);
    return settings;
}

inline DriverRig make_rig(const TemporaryFolder& folder) {
    return DriverRig(process_family, process_local_kind, "process/tools", declared(folder.path()),
                     folder.path() + "/state");
}

inline std::string content(const std::string& path) {
    const auto text = read_file(path);
    return text ? *text : std::string();
}

inline std::string runs_folder(const TemporaryFolder& folder) {
    return folder.path() + "/state/process/runs";
}

// The only log of a keeper that there is.
inline std::string only_log(const TemporaryFolder& folder) {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(runs_folder(folder))) {
        CHECK(found.empty());
        found = entry.path().string();
    }
    return found;
}

}  // namespace perilune::test
