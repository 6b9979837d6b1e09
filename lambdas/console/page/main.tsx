import "./style/main.css";

import { render } from "preact";

import { App } from "./app.tsx";
import { takeKeyFromAddress } from "./session.ts";

takeKeyFromAddress();
render(<App />, document.body);
