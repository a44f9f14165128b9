-- Cases that say nothing where each wait of a run is a replay of all that was before it, and why.
return {
  a_run_of_ten_thousand_operations_goes_on_where_its_host_was_killed = "replays take too long",
  a_run_that_never_rests_is_found = "its limit of processor time goes to replays",
  a_runbook_that_loops_in_virtual_time_fails_its_test_alone = "the same",
  a_worker_killed_in_each_of_many_moments_changes_nothing = "its workers live too short",
}
