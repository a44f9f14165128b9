#include "bindings/database/backup_doctor.h"

#include "bindings/database/age.h"

namespace perilune {

void examine_keys(const BackupKeys& keys, const StreamWatch& watch, Findings& found) {
    if (keys.decrypt_with.is_nil()) return;
    bool all = true;
    for (const char* name : {"age", "age-keygen"}) {
        const auto program = find_age_program(keys.programs, name);
        if (!program) found.problem(program.error().message);
        all = all && program.ok();
    }
    if (!all) return;
    const auto recipients = readable_recipients(keys, watch);
    if (!recipients) return found.refused(recipients.error().message);
    std::string listed;
    for (const auto& recipient : *recipients) listed += (listed.empty() ? "" : ", ") + recipient;
    found.well("it can read backups that are encrypted for " + listed);
}

}  // namespace perilune
