import { href } from "../../route.ts";
import { may } from "../../session.ts";
import { left, leftInWords } from "./asking.ts";

/** That not all values were taken. */
export function Left() {
  return (
    <span class="warn-text">
      {leftInWords.value}
      {(left.value?.key === "actor" || left.value?.key === "impersonator") && may("admin", "operations") ? (
        <>
          , <a href={href("settings", ["groups"])}>make a group of them?</a>
        </>
      ) : (
        "."
      )}{" "}
      <button type="button" class="link" onClick={() => (left.value = null)}>
        Close
      </button>
    </span>
  );
}
