// Fetches the changing part of the page every few seconds and puts it in place of the old one.
"use strict";

const EVERY_MS = 3000;
const PATIENCE_MS = 8000;

const live = document.getElementById("live");
const silent = document.getElementById("silent");
let answeredAt = new Date();
let asking = false;

// What a reader has opened, scrolled or focused stays so.
function replace(html) {
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.id);
  const scrolled = [...live.querySelectorAll(".scroll")].map((one) => [one.id, one.scrollLeft, one.scrollTop]);
  const active = document.activeElement;
  const details = active && active.closest ? active.closest("details") : null;
  const focused = live.contains(active) ? (details ? details.id : active.id) : "";
  live.innerHTML = html;
  for (const id of open) {
    const one = document.getElementById(id);
    if (one) one.open = true;
  }
  for (const [id, left, top] of scrolled) {
    const one = document.getElementById(id);
    if (one) {
      one.scrollLeft = left;
      one.scrollTop = top;
    }
  }
  const again = focused ? document.getElementById(focused) : null;
  if (again) (again.querySelector("summary") || again).focus({ preventScroll: true });
}

function complain() {
  const text = `The dispatcher has not answered since ${answeredAt.toLocaleTimeString()}; what is shown is old.`;
  if (silent.textContent !== text) silent.textContent = text;
  silent.hidden = false;
  document.body.classList.add("old");
}

async function refresh() {
  if (document.hidden || asking) return;
  asking = true;
  try {
    const answer = await fetch("/fragment", { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const html = await answer.text();
    // A reader who marks text to copy it is not disturbed.
    if (document.getSelection().isCollapsed) replace(html);
    answeredAt = new Date();
    silent.hidden = true;
    document.body.classList.remove("old");
  } catch {
    complain();
  } finally {
    asking = false;
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
