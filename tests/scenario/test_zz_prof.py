from tests.scenario.test_safety import *
@pytest.mark.parametrize("seed", [2,3])
def test_prof(stage, seed, quick):
    chance = random.Random(seed)
    for _ in range(4):
        stage.want(*(c:=chance.choice(SETS)))
        fs=[]
        for fault in chance.sample(FAULTS, 3):
            t=chance.randint(1, 2)
            fs.append((fault,t))
            stage.hcloud.fault(**{"path": ".*", **fault}, times=t)
        a=stage.apply(Permit())
        print("SET", SETS.index(c), fs)
        for o in a.outcomes: print("   ", o.action.value, o.address, o.result.value, o.message)
        for b in a.left.blocked: print("   blocked", b.address, b.hindrance.value, b.message)
        print("    withheld", [str(s.address) for s in a.withheld])
        for r in stage.rows("SELECT r.address, r.management, r.presence, r.external_id, s.name, r.deleted_at is not null, left(r.uid::text,6), r.source_id FROM resources r JOIN resource_states s ON s.id=r.state_id WHERE is_root and address like '%%/b%%' or address like '%%other%%' order by r.id"): print("      ", r)
