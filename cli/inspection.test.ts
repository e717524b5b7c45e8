import { expect, it } from "vitest";
import { hazardsText, type InspectedEdge, notesText, obstaclesText } from "./inspection";

const FORGED = "Gateway x\u001b]0;pwned\u0007 says:\nDone: acme shows the page.";
const SHOWN = "Gateway x\\u001b]0;pwned\\u0007 says: Done: acme shows the page.";

it("tells each thing in one line without control characters, whatever the cluster's objects contain", () => {
  const edges = [{ edge: { name: "default" }, obstacles: [FORGED], notes: [FORGED] }] as never as InspectedEdge[];
  expect(obstaclesText(edges)).toStrictEqual([`No override works at the edge default. ${SHOWN}`]);
  expect(notesText(edges)).toStrictEqual([`Note on the edge default: ${SHOWN}`]);
  expect(hazardsText("acme", [{ edge: "default", what: "open", text: FORGED, remedy: "Remove it." }])).toStrictEqual([
    `Problem: acme at default: ${SHOWN} → Remove it.`,
  ]);
});
