// The driver `folder`: a folder of this machine as a storage target.
#include "bindings/storage/folder_store.h"
#include "bindings/storage/object_key.h"
#include "bindings/storage/storage.h"
#include "bindings/storage/store_handlers.h"
#include "bindings/storage/store_objects.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "path",
     .doc = "The folder; made, with those above it, by the first change.",
     .identity = true},
    {.name = "versions",
     .doc = "Whether replaced and deleted content is kept, until set_versioning says otherwise.",
     .need = Need::optional,
     .fallback = "on",
     .choices = "on|off"},
    {.name = "prefix",
     .doc = "A sub-folder: keys are relative to it and never outside it.",
     .need = Need::optional,
     .identity = true},
};

constexpr std::string_view operations[] = {"head",
                                           "get",
                                           "list",
                                           "digest",
                                           "versions",
                                           "verify",
                                           "compare",
                                           "usage",
                                           "settings",
                                           "put",
                                           "copy",
                                           "delete",
                                           "restore_version",
                                           "create_bucket",
                                           "set_versioning",
                                           "abort_uploads",
                                           "delete_many",
                                           "prune",
                                           "restore_prefix",
                                           "sync"};

Result<Driver> make_folder(const Settings& given, Services& services) {
    std::string path = path_below(given.folder, given.values["path"].text());
    std::string prefix = given.values["prefix"].text();
    while (prefix.ends_with('/')) prefix.pop_back();
    if (!prefix.empty()) {
        if (const auto checked = check_key(prefix, given.target); !checked) return checked.error();
        path += "/" + prefix;
    }
    StoreSettings defaults;
    defaults.versioned = given.values["versions"].text() != "off";
    const auto folder = std::make_shared<StorePlace>();
    folder->store = std::make_shared<const FolderStore>(given.target, path, defaults);
    folder->objects = std::make_shared<StoreObjects>(folder->store);
    folder->services = &services;
    Driver driver;
    add_store_reads(driver.operations, folder);
    add_store_comparisons(driver.operations, folder);
    add_store_changes(driver.operations, folder);
    add_store_setup(driver.operations, folder);
    add_store_bulk_changes(driver.operations, folder);
    add_store_sync(driver.operations, folder);
    driver.objects = folder->objects;
    driver.state = folder;
    return driver;
}

}  // namespace

constinit const DriverKind folder_kind = {
    .family = "storage",
    .name = "folder",
    .doc = R"(Objects as plain files of one folder, which a person can list and copy.
Old versions and content types are kept in its sub-folder `.perilune`. A file that somebody puts
there by hand is an object like any other. Nothing outside the folder is ever read or written:
symbolic links below it are refused.)",
    .settings = settings,
    .operations = operations,
    .make = make_folder,
    .acts_in_host = true,
    .doctor_checks = "the folder (list)",
};

}  // namespace perilune
