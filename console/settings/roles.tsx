import { Select } from "../ui/field.tsx";

const roles = {
  viewer: "reads, personal data masked",
  auditor: "reads everything, people and audit too",
  manager: "changes rules and campaigns",
  operator: "works on partners and dead letters",
  developer: "sets up sources, context and services",
  admin: "may do everything",
};

export function ChooseRole({ role = "viewer" }: { readonly role?: string }) {
  return (
    <Select label="Role" name="role" defaultValue={role}>
      {Object.entries(roles).map(([name, may]) => (
        <option key={name} value={name}>
          {`${name}: ${may}`}
        </option>
      ))}
    </Select>
  );
}
