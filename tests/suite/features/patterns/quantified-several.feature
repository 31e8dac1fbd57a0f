@source:cypher/patterns/reference/variable-length-paths#quantified-path-patterns
Feature: Quantified path patterns of several relationships

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A {v: 1})-[:R {w: 1}]->(b {v: 2})-[:S {w: 2}]->(c {v: 3})-[:R {w: 3}]->(d {v: 4})-[:S {w: 4}]->(e:E {v: 5}),
        (e)-[:R {w: 5}]->(a), (c)-[:L {w: 6}]->(c)
      """

  Scenario Outline: [1] How often
    When executing query:
      """
      MATCH (:A) (()-[:R]->()-[:S]->())<quantifier> (x) RETURN collect(x.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | quantifier | found     |
      | +          | [3, 5]    |
      | *          | [1, 3, 5] |
      | {2}        | [5]       |
      | {3}        | []        |
      | {1,2}      | [3, 5]    |
      | {2,}       | [5]       |
      | {,1}       | [1, 3]    |

  Scenario: [2] Variables inside are lists outside
    When executing query:
      """
      MATCH (:A) ((x)-[r:R]->(y)-[s:S]->(z)){2} (:E)
      RETURN [n IN x | n.v] AS x, [n IN r | n.w] AS r, [n IN y | n.v] AS y, [n IN s | n.w] AS s, [n IN z | n.v] AS z
      """
    Then the result should be, in any order:
      | x      | r      | y      | s      | z      |
      | [1, 3] | [1, 3] | [2, 4] | [2, 4] | [3, 5] |
    And no side effects

  Scenario: [3] Against the arrows, from either end
    When executing query:
      """
      MATCH (:E) ((x)<-[r:S]-(y)<-[s:R]-(z))+ (n) RETURN n.v, [i IN y | i.v] AS y, [i IN s | i.w] AS s
      """
    Then the result should be, in any order:
      | n.v | y      | s      |
      | 3   | [4]    | [3]    |
      | 1   | [4, 2] | [3, 1] |
    And no side effects

  Scenario: [4] No repetition gives empty lists
    When executing query:
      """
      MATCH (a:A) ((x)-[r:S]->(y)-[s:R]->(z))* (b) RETURN a = b AS same, x, r, y, s, z
      """
    Then the result should be, in any order:
      | same | x  | r  | y  | s  | z  |
      | true | [] | [] | [] | [] | [] |
    And no side effects

  Scenario: [5] A predicate sees all of a repetition
    When executing query:
      """
      MATCH (:A) ((x)-[r]->(y)-[s]->(z) WHERE x.v + z.v < 3 * y.v AND r.w < s.w)+ (n) RETURN n.v
      """
    Then the result should be, in any order:
      | n.v |
      | 3   |
      | 5   |
    And no side effects

  Scenario: [6] A predicate that is null of a repetition does not hold
    When executing query:
      """
      MATCH (:A) ((x)-[r]->(y)-[s]->(z) WHERE x.none < z.v)+ (n) RETURN n.v
      """
    Then the result should be, in any order:
      | n.v |
    And no side effects

  Scenario: [7] Paths through it
    When executing query:
      """
      MATCH p = (:A) ((x)-[:R]->()-[:S]->(y)){2} (:E) RETURN length(p) AS n, [n IN nodes(p) | n.v] AS v, [r IN relationships(p) | r.w] AS w
      """
    Then the result should be, in any order:
      | n | v               | w            |
      | 4 | [1, 2, 3, 4, 5] | [1, 2, 3, 4] |
    And no side effects

  Scenario: [8] Beginning and ending a path
    When executing query:
      """
      MATCH p = ((x:A)-[:R]->(y)-[:S]->(z)){1,2} RETURN [n IN nodes(p) | n.v] AS v
      """
    Then the result should be, in any order:
      | v         |
      | [1, 2, 3] |
    And no side effects

  Scenario: [9] Several in one path, and a relationship between
    When executing query:
      """
      MATCH (:A) ((a)-[:R]->()-[:S]->(b)){0,1} (m) ((c)-[:R]->()-[:S]->(d)){0,1} (n)-[t:R]->(o)
      RETURN m.v, n.v, o.v
      """
    Then the result should be, in any order:
      | m.v | n.v | o.v |
      | 1   | 1   | 2   |
      | 1   | 3   | 4   |
      | 3   | 3   | 4   |
      | 3   | 5   | 1   |
    And no side effects

  @source:definition
  Scenario: [10] A relationship is used once in the MATCH
    When executing query:
      """
      MATCH (a:A)-[r:R]->(b), (a) (()-[:R]->()-[:S]->())+ (x) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 0 |
    And no side effects

  @source:definition
  # From c the self-loop can be one of the two relationships, once.
  Scenario: [11] Self-loops
    When executing query:
      """
      MATCH p = ({v: 3}) ((x)-[:L|R]->(y)-[:R|S|L]->(z)){1} (n) RETURN [r IN relationships(p) | r.w] AS w
      """
    Then the result should be, in any order:
      | w      |
      | [6, 3] |
      | [3, 4] |
    And no side effects

  @source:definition
  Scenario: [12] Parallel relationships
    Given having executed:
      """
      MATCH (a {v: 1}), (b {v: 2}) CREATE (a)-[:R {w: 7}]->(b)
      """
    When executing query:
      """
      MATCH (:A) (()-[r:R]->()-[s:S]->()){1} (x) RETURN [i IN r | i.w] AS r, [i IN s | i.w] AS s
      """
    Then the result should be, in any order:
      | r   | s   |
      | [1] | [2] |
      | [7] | [2] |
    And no side effects

  @source:definition
  Scenario: [13] A direction can be open, with names and conditions
    When executing query:
      """
      MATCH (:E) ((x)-[r:R|S]-(y) WHERE abs(x.v - y.v) = 1){2} (n) RETURN n.v, [i IN x | i.v] AS x, [i IN y | i.v] AS y
      """
    Then the result should be, in any order:
      | n.v | x      | y      |
      | 3   | [5, 4] | [4, 3] |
    And no side effects

  Scenario: [14] Group variables are new
    When executing query:
      """
      MATCH (x:A) ((x)-[:R]->(y)-[:S]->(z))+ (n) RETURN n
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  Scenario: [15] A node bound before ends it
    When executing query:
      """
      MATCH (e:E) MATCH (:A) ((x)-[r:R]->(y)-[s:S]->(z))+ (e) RETURN size(r) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects

  @source:definition
  Scenario: [16] OPTIONAL, where there is none
    When executing query:
      """
      MATCH (a:A) OPTIONAL MATCH p = (a) ((x)-[r:S]->(y)-[s:R]->(z))+ (n) RETURN a.v, n, x, r, p
      """
    Then the result should be, in any order:
      | a.v | n    | x    | r    | p    |
      | 1   | null | null | null | null |
    And no side effects

  @source:definition
  Scenario: [17] In EXISTS, with variables from outside
    When executing query:
      """
      MATCH (n) WHERE EXISTS { (n) ((x)-[:R]->(y)-[:S]->(z) WHERE z.v > n.v)+ (:E) } RETURN n.v
      """
    Then the result should be, in any order:
      | n.v |
      | 1   |
      | 3   |
    And no side effects

  Scenario: [18] A null as the start has no path
    When executing query:
      """
      OPTIONAL MATCH (n:None) WITH n MATCH (n) (()-[:R]->()-[:S]->())* (m) RETURN m
      """
    Then the result should be, in any order:
      | m |
    And no side effects

  @source:cypher/clauses/create
  Scenario: [19] Nothing of the kind is created
    When executing query:
      """
      CREATE (:A) ((n)-[:R]->()-[:S]->(m)){2} (x)
      """
    Then a SyntaxError should be raised at compile time: CreatingVarLength
