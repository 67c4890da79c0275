// What the dashboards ask for exists. That a running yard shows it, deploy/compose/compose.int.test.ts sees.
import { globSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { askedFor, OF_ENGINES, readDashboards } from "./fixtures/dashboards.ts";

const test = suite("Grafana dashboards");
const dashboards = readDashboards();

test("there is one for each thing that operators look at", () => {
  assert.equal(dashboards.map(({ uid }) => uid).sort(), [
    "switchyard-engines",
    "switchyard-overview",
    "switchyard-partner",
    "switchyard-projections",
    "switchyard-stages",
  ]);
});

test("each panel asks the data source that is provisioned, by its variable", () => {
  const file = readFileSync("deploy/grafana/provisioning/datasources/prometheus.yml", "utf8");
  const [source] = parse(file).datasources;
  for (const { uid, panels, templating } of dashboards) {
    const [variable] = templating.list;
    assert.is(variable?.current.value, source.uid, uid);
    for (const { title, datasource, targets } of panels) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
      assert.is(datasource.uid, "${datasource}", `${uid}: ${title}`);
      assert.ok(targets.length > 0, `${uid}: ${title}`);
    }
  }
});

test("rates go by the interval that Grafana works out", () => {
  for (const { uid, panels } of dashboards)
    for (const { title, targets } of panels)
      for (const { expr } of targets)
        for (const [, range = ""] of expr.matchAll(/(?:rate|increase)\([^[]*\[([^\]]+)\]/g))
          assert.ok(["$__rate_interval", "1d"].includes(range), `${uid}: ${title}: ${range}`);
});

test("only the engines' dashboard asks for what is not the yard's own", () => {
  for (const { uid, text } of dashboards)
    if (uid !== "switchyard-engines")
      for (const name of askedFor(text)) assert.not.ok(OF_ENGINES.includes(name), `${uid}: ${name}`);
});

test("no panel covers another", () => {
  for (const { uid, panels } of dashboards) {
    const cells = new Set<string>();
    for (const { title, gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.not.ok(cells.has(`${x},${y}`) || x >= 24, `${uid}: ${title}`);
          cells.add(`${x},${y}`);
        }
  }
});

test("the folder that Grafana reads is the one that is mounted", () => {
  const provider = parse(readFileSync("deploy/grafana/provisioning/dashboards/switchyard.yml", "utf8"));
  const compose = readFileSync("docker-compose.yml", "utf8");
  assert.match(compose, `./deploy/grafana/dashboards:${provider.providers[0].options.path}:ro`);
  assert.is(globSync("deploy/grafana/dashboards/*.json").length, dashboards.length);
});

test.run();
