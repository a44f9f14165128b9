// A DB instance of Amazon RDS under test: its driver, moto, and what boto3 sees of it.
#pragma once

#include <cmath>
#include <memory>
#include <string>

#include "bindings/database/database.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/aws.h"

namespace perilune::test {

struct Rds {
    // The instance "shop", Multi-AZ, with a week of automated backups; the target is `instance`.
    explicit Rds(const std::string& instance = "shop") {
        aws.boto("rds", "create_db_parameter_group",
                 fields("DBParameterGroupName", "tuned", "DBParameterGroupFamily", "postgres16",
                        "Description", "For tests."));
        aws.boto(
            "rds", "create_db_instance",
            fields("DBInstanceIdentifier", "shop", "DBInstanceClass", "db.m6g.large", "Engine",
                   "postgres", "EngineVersion", "16.3", "AllocatedStorage", 100, "MasterUsername",
                   "owner", "MasterUserPassword", "owner-of-the-test", "MultiAZ", true,
                   "BackupRetentionPeriod", 7, "DeletionProtection", true, "DBParameterGroupName",
                   "tuned", "VpcSecurityGroupIds", List{"sg-app", "sg-admin"}, "Tags",
                   List{fields("Key", "team", "Value", "shop")}));
        rig.secrets = {{"ID", Aws::key_id}, {"KEY", Aws::key}, {"TOKEN", Aws::token}};
        rig.timeout_s = 60;
        const auto made =
            rig.make(fields("instance", instance, "region", Aws::region, "url", aws->url(),
                            "credentials", Aws::credentials(), "fence_groups", List{"sg-closed"}));
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    void make_replica() const {
        aws.boto("rds", "create_db_instance_read_replica",
                 fields("DBInstanceIdentifier", "shop-west", "SourceDBInstanceIdentifier", "shop"));
    }
    Value see(const std::string& operation, Value arguments = Value(Map{})) {
        auto seen = rig.observe(operation, std::move(arguments));
        REQUIRE_MESSAGE(seen.ok(), (seen.ok() ? "" : seen.error().message));
        return *seen;
    }
    // A change that must be done.
    Changed done(const std::string& operation, Value arguments = Value(Map{})) {
        Changed made = rig.change(operation, std::move(arguments));
        REQUIRE_MESSAGE(made.done(), made.kind(), " ", made.error().message);
        return made;
    }
    // What boto3 sees; nil where there is none of that name.
    Value boto(const std::string& name = "shop") const {
        for (const auto& one : boto_all())
            if (one["DBInstanceIdentifier"].text() == name) return one;
        return Value();
    }
    List boto_all() const { return aws.boto("rds", "describe_db_instances")["DBInstances"].list(); }
    List boto_snapshots() const {
        return aws
            .boto("rds", "describe_db_snapshots", fields("SnapshotType", "manual"))["DBSnapshots"]
            .list();
    }
    static std::string resource(const Value& instance) { return instance["DbiResourceId"].text(); }
    static std::string tag(const Value& thing, const std::string& key) {
        for (const auto& one : thing["TagList"].list())
            if (one["Key"].text() == key) return one["Value"].text();
        return "";
    }
    static std::string groups(const Value& instance) {
        std::string all;
        for (const auto& one : instance["VpcSecurityGroups"].list())
            all += (all.empty() ? "" : " ") + one["VpcSecurityGroupId"].text();
        return all;
    }
    // Makes the snapshot "day-DAYS" as a run so many days ago made it for 90 days; gives its age,
    // for the double's `ages`.
    Value snapshot_for_90_days(int days) {
        const std::string name = "day-" + std::to_string(days);
        done("snapshot", fields("name", name, "keep", "90d"));
        const double until_s = wall_now_s() + (90 - days) * 86400;
        for (const auto& one : boto_snapshots())
            if (one["DBSnapshotIdentifier"].text() == name)
                aws.boto("rds", "add_tags_to_resource",
                         fields("ResourceName", one["DBSnapshotArn"].text(), "Tags",
                                List{fields("Key", "perilune-keep-until", "Value",
                                            show_time(until_s))}));
        return Value(days * 86400);
    }
    // From what the instance "shop" was restored: a moment or a snapshot.
    std::string shows() const { return aws->state()["shows"][resource(boto())].text(); }
    std::size_t asked(const std::string& action) const { return aws->count("POST", action + "$"); }

    // A moment of the history, of which all is archived.
    double then = std::floor(wall_now_s()) - 900;
    Aws aws;
    DriverRig rig{database_family, builtin_kind("database", "rds"), "database/plane"};
};

}  // namespace perilune::test
