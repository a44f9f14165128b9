// Which migrations of a folder are to be applied or reverted, judged against a database's ledger.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bindings/database/migration_files.h"
#include "interpreter/base/driver.h"

namespace perilune {

using Ledger = std::map<std::string, std::string>;  // Digest of each applied id.

enum class MigrationWay { up, down };

// The answer of pending_migrations. An applied migration whose file is another now is refused:
// nobody could say what the database's schema is. Errors: migration_changed, not_found.
Result<Value> pending_migrations(const Call& call, const MigrationFolder& folder,
                                 const Ledger& ledger);

// What `before` of migrate and of revert_migrations finds: the state lists the ids in their order,
// as `pending` or `reverting`.
Result<Before> plan_migrate(const Call& call, const MigrationFolder& folder, const Ledger& ledger);
Result<Before> plan_revert(const Call& call, const MigrationFolder& folder, const Ledger& ledger);

// The file of an id that was to be applied or reverted.
Result<Migration> find_migration(const std::vector<Migration>& files, const std::string& id);

// The result of migrate or revert_migrations that did the ids of `list`.
Value migrations_result(const Value& list, MigrationWay way, bool changed);

// Sees by the ledger how far a call came. What was done in part is taken up where it ended.
Sighting look_at_ledger(const Result<Ledger>& ledger, const Value& list, MigrationWay way);

}  // namespace perilune
