-- CleanStation's plans: AWS in two regions, Prometheus, PagerDuty, Slack and mail.
local in_aws = require("in_aws")

local M = {}

local account, moto = "210987654321", "123456789012"
local image = account .. ".dkr.ecr.%s.amazonaws.com/cleanstation"
local balancing = "arn:aws:elasticloadbalancing:%s:" .. account .. ":"
local east, west = "us-east-1", "us-west-2"

-- An application that is well, and a load balancer with no task behind it.
local well = { answers = { ["GET /api/health"] = { 200, { status = "healthy" } },
  ["POST /api/auth/login"] = 401, ["GET /api/orders"] = 401 } }
local nobody = { otherwise = 503, answers = { ["POST /api/auth/login"] = 503 } }

M.services = {
  { name = "aws", kind = "moto" },
  { name = "primary", kind = "postgres", database = "cleanstation", tls = true,
    settings = { shared_preload_libraries = "'pg_stat_statements'" } },
  { name = "standby", kind = "postgres", replica_of = "primary", database = "cleanstation",
    tls = true },
  { name = "cache", kind = "redis" },
  { name = "cache-west", kind = "redis" },
  { name = "names", kind = "bind", zone = "torvan.com",
    records = { "cleanstation CNAME cleanstation-210987654.us-east-1.elb.amazonaws.com." } },
  { name = "site", kind = "double", of = "site", state = well },
  { name = "site-west", kind = "double", of = "site", state = nobody },
  { name = "green", kind = "double", of = "site", state = well },
  { name = "blue", kind = "double", of = "site", state = well },
  { name = "watcher", kind = "prometheus", targets = {} },
  { name = "oncall", kind = "double", of = "pagerduty" },
  { name = "team", kind = "double", of = "slack" },
  { name = "mail", kind = "smtp" },
}

function M.targets(facts)
  local aws = { url = facts.aws.url }
  local bucket = { endpoint = facts.aws.url }
  local function sql(name) return { ca_file = facts[name].certificate } end
  local function site(name) return { url = facts[name].url } end
  local function cache(name)
    return { url = ("redis://%s:%s/0"):format(facts[name].address, facts[name].port) }
  end
  return {
    ["deploy/app"] = aws, ["deploy/app-west"] = aws,
    ["database/primary"] = aws, ["database/snapshots"] = aws, ["database/standby"] = aws,
    ["database/primary-sql"] = sql "primary", ["database/standby-sql"] = sql "standby",
    ["dns/torvan"] = { url = facts.aws.url, name_servers = { facts.names.server },
      resolvers = { facts.names.server } },
    ["cache/redis"] = cache "cache", ["cache/redis-west"] = cache "cache-west",
    ["storage/files"] = bucket, ["storage/files-west"] = bucket, ["storage/access-logs"] = bucket,
    ["storage/audit-trail"] = bucket, ["storage/evidence"] = bucket,
    ["secrets/parameters"] = aws, ["secrets/parameters-west"] = aws, ["secrets/managed"] = aws,
    ["secrets/maker"] = { folder = facts.folder .. "/maker" },
    ["http/site"] = site "site", ["http/site-west"] = site "site-west",
    ["http/green"] = site "green", ["http/blue"] = site "blue",
    ["metrics/app"] = site "watcher",
    ["notify/oncall"] = { url = facts.oncall.url, api_url = facts.oncall.url },
    ["notify/stakeholders"] = { server = facts.mail.url },
  }
end

function M.secrets(facts)
  return {
    PRIMARY_DATABASE_URL = facts.primary.url, STANDBY_DATABASE_URL = facts.standby.url,
    REDIS_TOKEN = facts.cache.password, REDIS_WEST_TOKEN = facts["cache-west"].password,
    AWS_ACCESS_KEY_ID = facts.aws.access_key_id,
    AWS_SECRET_ACCESS_KEY = facts.aws.secret_access_key,
    EVIDENCE_ACCESS_KEY_ID = facts.aws.access_key_id,
    EVIDENCE_SECRET_ACCESS_KEY = facts.aws.secret_access_key,
    PAGERDUTY_ROUTING_KEY = facts.oncall.token, PAGERDUTY_API_TOKEN = facts.oncall.token,
    SLACK_WEBHOOK_URL = facts.team.hook,
  }
end

local function start_service(stage, region, cluster, name, count)
  in_aws.service(stage, region, { cluster = cluster, name = name, container = "cleanstation-app",
    image = image:format(region) .. ":1.4.0", count = count })
end

-- What of the region's network exists in every account.
local function network(stage, region)
  local subnets = {}
  for _, one in ipairs(stage:boto("ec2", "describe_subnets", {}, region).Subnets) do
    subnets[#subnets + 1] = one.SubnetId
  end
  return stage:boto("ec2", "describe_vpcs", {}, region).Vpcs[1].VpcId, { subnets[1], subnets[2] }
end

-- Target groups of a region behind one balancer, under the names that production has for them.
local function balance(stage, called, region, rule, groups)
  local vpc, subnets = network(stage, region)
  local balancer = stage:boto("elbv2", "create_load_balancer", { Name = "cleanstation",
    Subnets = subnets }, region).LoadBalancers[1].LoadBalancerArn
  local arns = {}
  for index, one in ipairs(groups) do
    arns[index] = stage:boto("elbv2", "create_target_group", { Name = one.name, Protocol = "HTTP",
      Port = 3000, VpcId = vpc, TargetType = "ip" }, region).TargetGroups[1].TargetGroupArn
    called[balancing:format(region) .. "targetgroup/" .. one.name .. "/" .. one.id] = arns[index]
    local targets = {}
    for number = 1, one.healthy do targets[number] = { Id = "10.0.0." .. number, Port = 3000 } end
    if one.healthy > 0 then
      stage:boto("elbv2", "register_targets", { TargetGroupArn = arns[index], Targets = targets },
        region)
    end
  end
  local function forward(arn) return { { Type = "forward", TargetGroupArn = arn } } end
  local listener = stage:boto("elbv2", "create_listener", { LoadBalancerArn = balancer,
    Protocol = "HTTP", Port = 80, DefaultActions = forward(arns[1]) }, region)
    .Listeners[1].ListenerArn
  if not rule then return end
  called[rule] = stage:boto("elbv2", "create_rule", { ListenerArn = listener, Priority = 1,
    Conditions = { { Field = "path-pattern", Values = { "/*" } } }, Actions = { { Type = "forward",
      ForwardConfig = { TargetGroups = { { TargetGroupArn = arns[1], Weight = 100 },
        { TargetGroupArn = arns[2], Weight = 0 } } } } } }, region).Rules[1].RuleArn
end

local function fill_applications(stage, called)
  for _, region in ipairs { east, west } do
    in_aws.images(stage, region, "cleanstation", { "1.4.0", "1.5.0" })
  end
  stage:boto("ecs", "create_cluster", { clusterName = "cleanstation-production" })
  stage:boto("ecs", "create_cluster", { clusterName = "cleanstation-recovery" }, west)
  balance(stage, called, east, balancing:format(east) .. "listener-rule/app/cleanstation/"
    .. "2c3d4e5f60718293/3d4e5f6071829304/4e5f607182930415", {
    { name = "cleanstation-blue", id = "0a1b2c3d4e5f6071", healthy = 3 },
    { name = "cleanstation-green", id = "1b2c3d4e5f607182", healthy = 3 } })
  balance(stage, called, west, nil, {
    { name = "cleanstation-west", id = "5f60718293041526", healthy = 0 } })
  start_service(stage, east, "cleanstation-production", "cleanstation-app-blue", 3)
  start_service(stage, east, "cleanstation-production", "cleanstation-app-green", 3)
  start_service(stage, west, "cleanstation-recovery", "cleanstation-app", 0)
end

local function fill_databases(stage)
  stage:boto("rds", "create_db_instance", { DBInstanceIdentifier = "cleanstation-prod",
    DBInstanceClass = "db.m6g.large", Engine = "postgres", EngineVersion = "15.4",
    AllocatedStorage = 100, MasterUsername = "owner", MasterUserPassword = "owner-of-the-test",
    MultiAZ = true, BackupRetentionPeriod = 30, VpcSecurityGroupIds = { "sg-app" } })
  stage:boto("rds", "create_db_instance_read_replica", {
    DBInstanceIdentifier = "cleanstation-prod-west", SourceDBInstanceIdentifier =
      "arn:aws:rds:us-east-1:" .. moto .. ":db:cleanstation-prod" }, west)
  stage:boto("rds", "create_db_snapshot", { DBInstanceIdentifier = "cleanstation-prod-west",
    DBSnapshotIdentifier = "nightly" }, west)
  -- What CloudWatch said last of the standby, before the outage: it followed 40 s behind.
  stage:boto("cloudwatch", "put_metric_data", { Namespace = "AWS/RDS", MetricData = { {
    MetricName = "ReplicaLag", Timestamp = os.time() - 240, Value = 40, Unit = "Seconds",
    Dimensions = { {
      Name = "DBInstanceIdentifier", Value = "cleanstation-prod-west" } } } } }, west)
  stage:sql("primary", [[
    create extension amcheck;
    create extension pg_stat_statements;
    create table orders (id int primary key, note text);
    create table qc_checks (id int primary key, order_id int);
    create table assembly_tasks (id int primary key, order_id int);
    insert into orders select n, 'order' from generate_series(1, 50) n;
    insert into qc_checks select n, n from generate_series(1, 30) n;
    insert into assembly_tasks select n, n from generate_series(1, 40) n;
    grant select on all tables in schema public to app;
  ]])
end

function M.fill(stage)
  local called = { [account] = moto }
  fill_applications(stage, called)
  fill_databases(stage)
  local zone = stage:boto("route53", "create_hosted_zone", { Name = "torvan.com.",
    CallerReference = "plans" }).HostedZone.Id:gsub("^.*/", "")
  called.Z0123456789CLEANSTN = zone
  stage:boto("route53", "change_resource_record_sets", { HostedZoneId = zone,
    ChangeBatch = { Changes = { { Action = "CREATE", ResourceRecordSet = {
      Name = "cleanstation.torvan.com.", Type = "CNAME", TTL = 300, ResourceRecords = {
        { Value = "cleanstation-210987654.us-east-1.elb.amazonaws.com" } } } } } } })
  for _, name in ipairs { "files", "access-logs", "cloudtrail" } do
    stage:boto("s3", "create_bucket", { Bucket = "cleanstation-" .. (name == "files" and "prod-"
      or "") .. name })
  end
  for _, name in ipairs { "prod-files-west", "evidence" } do
    stage:boto("s3", "create_bucket", { Bucket = "cleanstation-" .. name,
      CreateBucketConfiguration = { LocationConstraint = west } }, west)
  end
  stage:steer("aws", "state", { called = called, ages = { nightly = 6 * 3600 } })
end

-- Probes that change nothing, as the environment says.
M.reads_by_post = { "site POST /api/auth/login", "site-west POST /api/auth/login",
  "green POST /api/auth/login" }

M.plans = require("cleanstation_plans")

return M
