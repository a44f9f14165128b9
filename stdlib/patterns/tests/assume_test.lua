-- What a run is asked that a plan takes for usual: yes, no, and what cannot be asked.
describe("assume.holds", function()
  local w
  before_each(function() w = world "test" end)

  it("says what is so", function()
    assert.is_true(w:run("assume").value.is_empty)
    w.storage.backups:put { key = "a", body = "1" }
    assert.is_false(w:run("assume").value.is_empty)
  end)

  it("fails where it cannot be asked", function()
    w:fails("storage/backups:list", { how = "failed", code = "denied" })
    assert.equal("failed", w:run("assume").outcome)
  end)
end)
